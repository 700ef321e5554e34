/** Waiting that an AbortSignal ends. */

/** Resolves after a time; rejects with the signal's reason as soon as it is aborted. */
export function sleep(seconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const ended = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

/** Exponential backoff with full jitter: up to 0.5, 1, 2, 4, then 8 seconds. `failures` counts from 1. */
export function backoffSeconds(failures: number): number {
  return Math.random() * Math.min(8, 2 ** (failures - 2));
}
