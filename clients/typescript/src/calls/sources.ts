import { data, type Http } from "../http/http.js";
import { everyItem, type Page, type PageOptions } from "../http/pages.js";
import type { CallOptions, Source } from "../types.js";
import { upload, type UploadOptions } from "../upload/upload.js";

const OF_PROJECT = "/api/v1/library/projects/{project_id}/sources";

export class Sources {
  constructor(private readonly http: Http) {}

  /**
   * Uploads a video straight to storage, and confirms it. An interrupted upload goes on where it stopped: by itself
   * after a lost connection, and when it is called again with the same file after the page was closed.
   */
  upload(projectId: string, file: File, options: UploadOptions = {}): Promise<Source> {
    return upload(this.http, projectId, file, options);
  }

  /** One page of a project's sources, newest first. */
  list(
    projectId: string,
    { signal, ...query }: PageOptions & CallOptions = {},
  ): Promise<Page<Source>> {
    const params = { path: { project_id: projectId }, query };
    return data(this.http.api.GET(OF_PROJECT, { params, ...(signal && { signal }) }));
  }

  all(projectId: string, options: CallOptions = {}): AsyncGenerator<Source, void, undefined> {
    return everyItem((page) => this.list(projectId, { ...page, ...options }));
  }

  /** Deletes a source with its file; clips made from it stay. Throws ProjectBusy while a job holds the project. */
  async delete(sourceId: string, options: CallOptions = {}): Promise<void> {
    const params = { path: { source_id: sourceId } };
    await data(this.http.api.DELETE("/api/v1/library/sources/{source_id}", { params, ...options }));
  }
}
