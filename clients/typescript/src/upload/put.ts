/** Sends a file by one PUT, which starts again after a failure. */
import { request, type Transfer, TryAgain } from "./transfers.js";

export interface PutOptions {
  contentType: string;
  signal?: AbortSignal | undefined;
  onSent(bytes: number): void;
}

export class PutUpload implements Transfer {
  private sent = false;
  private attempts = 0;

  constructor(
    private readonly file: Blob,
    private readonly url: string,
    private readonly options: PutOptions,
  ) {}

  isComplete(): boolean {
    return this.sent;
  }

  async step(): Promise<void> {
    const { contentType, signal, onSent } = this.options;
    const headers = { "Content-Type": contentType };
    this.attempts += 1;
    try {
      await request({ method: "PUT", url: this.url, headers, body: this.file, signal, onSent });
    } catch (error) {
      // At a repeat, 409 says that the file is there: the response to an earlier attempt was lost.
      if (!(error instanceof TryAgain && error.status === 409 && this.attempts > 1)) throw error;
    }
    this.sent = true;
  }
}
