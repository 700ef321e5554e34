// Timing-safe comparison of secrets.

/**
 * Whether two strings are equal. The time does not reveal where they differ, because their hashes
 * are compared, and a caller cannot choose the bytes of a hash.
 */
export async function secretsMatch(first: string, second: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(first), sha256(second)]);
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
