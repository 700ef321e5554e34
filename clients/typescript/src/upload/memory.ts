/** Remembers an upload under its file, so that it goes on after the page was closed. */
import type { Ticket } from "./upload.js";

/** The part of Web Storage that is used; `localStorage` is one. */
export type UploadStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Memory {
  private readonly key: string;

  constructor(
    private readonly store: UploadStore | null,
    libraryUrl: string,
    projectId: string,
    { name, size, lastModified }: File,
  ) {
    this.key = ["editai-upload", libraryUrl, projectId, name, size, lastModified].join("|");
  }

  read(): Ticket | null {
    try {
      const ticket = JSON.parse(this.store?.getItem(this.key) ?? "null") as Ticket | null;
      return ticket !== null && Date.parse(ticket.resumable?.expires_at ?? "") > Date.now()
        ? ticket
        : null;
    } catch {
      return null;
    }
  }

  /** A full or forbidden store costs only the resuming after a reload. */
  write(ticket: Ticket): void {
    try {
      this.store?.setItem(this.key, JSON.stringify(ticket));
    } catch {
      // See above.
    }
  }

  forget(): void {
    this.store?.removeItem(this.key);
  }
}

/** The page's localStorage; null outside of browsers, and where the user has forbidden it. */
export function pageStore(): UploadStore | null {
  try {
    return "document" in globalThis ? globalThis.localStorage : null;
  } catch {
    return null;
  }
}
