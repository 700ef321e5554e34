/**
 * From a file to a source that jobs can use: create the source, send the file, confirm it.
 *
 * Where storage offers no resumable upload, the file is sent by one PUT, which starts again after a failure.
 */
import { data, type Http } from "../http/http.js";
import { NotFound, UnusableVideo } from "../http/problems.js";
import type { CallOptions, Source, Upload } from "../types.js";
import { UploadExpired } from "./errors.js";
import { Memory, pageStore, type UploadStore } from "./memory.js";
import { PutUpload } from "./put.js";
import { complete } from "./transfers.js";
import { type Resumable, TusUpload } from "./tus.js";

export interface UploadProgress {
  sentBytes: number;
  totalBytes: number;
}

export interface UploadOptions extends CallOptions {
  onProgress?: (progress: UploadProgress) => void;
  /** Where unfinished uploads are remembered, by default the page's localStorage. With null, nowhere. */
  store?: UploadStore | null;
  /** Consecutive failures to bear, with exponential backoff, before the upload fails. It can still be resumed. */
  retries?: number;
}

/** What is needed to go on with an upload. */
export interface Ticket {
  sourceId: string;
  contentType: string;
  uploadUrl: string;
  resumable: Resumable | null;
  /** The upload's own URL, once storage has given it one. */
  location: string | null;
}

export async function upload(
  http: Http,
  projectId: string,
  file: File,
  options: UploadOptions,
): Promise<Source> {
  const store = options.store === undefined ? pageStore() : options.store;
  const memory = new Memory(store, http.url, projectId, file);
  const remembered = memory.read();
  const resumed = remembered && await finish(http, file, remembered, memory, options);
  if (resumed) return resumed;
  const ticket = await announce(http, projectId, file, options);
  const source = await finish(http, file, ticket, memory, options);
  if (source === null) throw new UploadExpired("storage has lost the upload; start it again");
  return source;
}

async function announce(
  http: Http,
  projectId: string,
  file: File,
  { signal }: CallOptions,
): Promise<Ticket> {
  const { source, upload_url, resumable }: Upload = await data(
    http.api.POST("/api/v1/library/projects/{project_id}/sources", {
      params: { path: { project_id: projectId } },
      body: { file_name: file.name },
      ...(signal && { signal }),
    }),
  );
  return {
    sourceId: source.id,
    contentType: source.content_type,
    uploadUrl: upload_url,
    resumable,
    location: null,
  };
}

/** Sends what is missing and confirms the source. Returns null if storage does not know the upload any more. */
async function finish(
  http: Http,
  file: File,
  ticket: Ticket,
  memory: Memory,
  options: UploadOptions,
): Promise<Source | null> {
  try {
    await transfer(file, ticket, memory, options);
  } catch (error) {
    // A complete upload is gone too, if only the response to its last part was lost. The library knows.
    if (!(error instanceof UploadExpired)) throw error;
  }
  try {
    const source = await confirm(http, ticket.sourceId, options);
    memory.forget();
    return source;
  } catch (error) {
    const isMissing = error instanceof NotFound ||
      (error instanceof UnusableVideo && error.reason === "not_uploaded");
    if (isMissing || error instanceof UnusableVideo) memory.forget();
    if (isMissing) return null;
    throw error;
  }
}

function confirm(http: Http, sourceId: string, { signal }: CallOptions): Promise<Source> {
  const params = { path: { source_id: sourceId } };
  return data(
    http.api.POST("/api/v1/library/sources/{source_id}/confirm", {
      params,
      ...(signal && { signal }),
    }),
  );
}

function transfer(
  file: File,
  ticket: Ticket,
  memory: Memory,
  options: UploadOptions,
): Promise<void> {
  const { signal, onProgress, retries = 8 } = options;
  const onSent = (sentBytes: number) => onProgress?.({ sentBytes, totalBytes: file.size });
  const onLocation = (location: string) => memory.write({ ...ticket, location });
  const { contentType, uploadUrl, resumable, location } = ticket;
  const way = resumable === null
    ? new PutUpload(file, uploadUrl, { contentType, signal, onSent })
    : new TusUpload(file, resumable, location, { signal, onSent, onLocation });
  return complete(way, retries, signal);
}
