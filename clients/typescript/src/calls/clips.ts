import { data, type Http } from "../http/http.js";
import { everyItem, type Page, type PageOptions } from "../http/pages.js";
import type { CallOptions, Clip, ClipChanges, Export, ExportPreset } from "../types.js";

const ONE = "/api/v1/library/clips/{clip_id}";
const OF_PROJECT = "/api/v1/library/projects/{project_id}/clips";
const EXPORTS = "/api/v1/library/clips/{clip_id}/exports";

/** Clips carry signed URLs that work until `urls_expire_at`; then read them again. */
export class Clips {
  constructor(private readonly http: Http) {}

  /** One page of a project's clips, newest first. */
  list(
    projectId: string,
    { signal, ...query }: PageOptions & CallOptions = {},
  ): Promise<Page<Clip>> {
    const params = { path: { project_id: projectId }, query };
    return data(this.http.api.GET(OF_PROJECT, { params, ...(signal && { signal }) }));
  }

  all(projectId: string, options: CallOptions = {}): AsyncGenerator<Clip, void, undefined> {
    return everyItem((page) => this.list(projectId, { ...page, ...options }));
  }

  /** One page of the clips of all your projects, newest first. */
  listOfAllProjects({ signal, ...query }: PageOptions & CallOptions = {}): Promise<Page<Clip>> {
    return data(
      this.http.api.GET("/api/v1/library/clips", { params: { query }, ...(signal && { signal }) }),
    );
  }

  get(clipId: string, options: CallOptions = {}): Promise<Clip> {
    return data(this.http.api.GET(ONE, { params: { path: { clip_id: clipId } }, ...options }));
  }

  /** Renames a clip, or selects it for publishing. */
  update(clipId: string, changes: ClipChanges, options: CallOptions = {}): Promise<Clip> {
    return data(
      this.http.api.PATCH(ONE, {
        params: { path: { clip_id: clipId } },
        body: changes,
        ...options,
      }),
    );
  }

  /** Deletes a clip with its exports. Throws ProjectBusy while a job holds its project. */
  async delete(clipId: string, options: CallOptions = {}): Promise<void> {
    await data(this.http.api.DELETE(ONE, { params: { path: { clip_id: clipId } }, ...options }));
  }
}

/** The final renders of a clip. */
export class Exports {
  constructor(private readonly http: Http) {}

  /** One page of a clip's exports, newest first. */
  list(
    clipId: string,
    { signal, ...query }: PageOptions & CallOptions = {},
  ): Promise<Page<Export>> {
    const params = { path: { clip_id: clipId }, query };
    return data(this.http.api.GET(EXPORTS, { params, ...(signal && { signal }) }));
  }

  all(clipId: string, options: CallOptions = {}): AsyncGenerator<Export, void, undefined> {
    return everyItem((page) => this.list(clipId, { ...page, ...options }));
  }

  async delete(exportId: string, options: CallOptions = {}): Promise<void> {
    const params = { path: { export_id: exportId } };
    await data(this.http.api.DELETE("/api/v1/library/exports/{export_id}", { params, ...options }));
  }

  async presets(options: CallOptions = {}): Promise<ExportPreset[]> {
    return (await data(this.http.api.GET("/api/v1/library/export-presets", { ...options }))).items;
  }
}
