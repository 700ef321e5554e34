/**
 * Sends a file by the TUS protocol, as Supabase Storage offers it.
 *
 *   POST  url       Upload-Length, Upload-Metadata          201, Location: the upload
 *   PATCH location  Upload-Offset, at most one chunk        204, Upload-Offset
 *   HEAD  location  after any failure                       200, Upload-Offset: go on from there
 *
 * Source: tus.io, resumable upload protocol 1.0.0.
 */
import type { Sending, Sent } from "./send.js";
import { request, type Transfer } from "./transfers.js";

const VERSION = "1.0.0";

/** How to upload one file; a member of the response that creates a source. */
export interface Resumable {
  url: string;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  chunk_bytes: number;
  expires_at: string;
}

export interface TusOptions {
  signal?: AbortSignal | undefined;
  onSent(bytes: number): void;
  /** Called with the upload's URL as soon as there is one. */
  onLocation(location: string): void;
}

export class TusUpload implements Transfer {
  /** The bytes that storage has; null until it is asked, and after each failure. */
  private offset: number | null;

  constructor(
    private readonly file: Blob,
    private readonly resumable: Resumable,
    private location: string | null,
    private readonly options: TusOptions,
  ) {
    this.offset = location === null ? 0 : null;
  }

  isComplete(): boolean {
    return this.location !== null && this.offset === this.file.size;
  }

  /** Does the next of the three requests. */
  async step(): Promise<void> {
    if (this.location === null) await this.create(this.resumable.url);
    else if (this.offset === null) await this.ask(this.location);
    else await this.sendChunk(this.location, this.offset);
    this.options.onSent(this.offset ?? 0);
  }

  private async create(url: string): Promise<void> {
    const headers = {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": encoded(this.resumable.metadata),
    };
    const response = await this.request({ method: "POST", url, headers });
    const location = response.headers.get("Location");
    if (location === null) throw new Error("storage did not tell where the upload is");
    this.location = new URL(location, url).href;
    this.options.onLocation(this.location);
  }

  private async ask(url: string): Promise<void> {
    this.offset = offsetOf(await this.request({ method: "HEAD", url, headers: {} }));
  }

  private async sendChunk(url: string, offset: number): Promise<void> {
    const body = this.file.slice(offset, offset + this.resumable.chunk_bytes);
    const headers = {
      "Upload-Offset": String(offset),
      "Content-Type": "application/offset+octet-stream",
    };
    const onSent = (bytes: number) => this.options.onSent(offset + bytes);
    this.offset = null;
    this.offset = offsetOf(await this.request({ method: "PATCH", url, headers, body, onSent }));
  }

  private request(sending: Sending): Promise<Sent> {
    const headers = { "Tus-Resumable": VERSION, ...this.resumable.headers, ...sending.headers };
    return request({ ...sending, headers, signal: this.options.signal });
  }
}

function offsetOf({ headers }: Sent): number {
  const value = headers.get("Upload-Offset");
  if (value === null || !/^\d+$/.test(value)) {
    throw new Error("storage did not tell how much of the file it has");
  }
  return Number(value);
}

/** `name base64,name base64`, where the values are UTF-8. */
function encoded(metadata: Record<string, string>): string {
  const pairs = Object.entries(metadata).map(([name, value]) => {
    const bytes = new TextEncoder().encode(value);
    return `${name} ${btoa(String.fromCharCode(...bytes))}`;
  });
  return pairs.join(",");
}
