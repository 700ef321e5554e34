import { data, type Http } from "../http/http.js";
import { everyItem, type Page, type PageOptions } from "../http/pages.js";
import type { CallOptions, Project } from "../types.js";

const ONE = "/api/v1/library/projects/{project_id}";
const ALL = "/api/v1/library/projects";

export class Projects {
  constructor(private readonly http: Http) {}

  create(name: string, options: CallOptions = {}): Promise<Project> {
    return data(this.http.api.POST(ALL, { body: { name }, ...options }));
  }

  /** One page of your projects, newest first. */
  list({ signal, ...query }: PageOptions & CallOptions = {}): Promise<Page<Project>> {
    return data(this.http.api.GET(ALL, { params: { query }, ...(signal && { signal }) }));
  }

  /** All your projects, newest first, read page by page. */
  all(options: CallOptions = {}): AsyncGenerator<Project, void, undefined> {
    return everyItem((page) => this.list({ ...page, ...options }));
  }

  get(projectId: string, options: CallOptions = {}): Promise<Project> {
    return data(
      this.http.api.GET(ONE, { params: { path: { project_id: projectId } }, ...options }),
    );
  }

  rename(projectId: string, name: string, options: CallOptions = {}): Promise<Project> {
    const params = { path: { project_id: projectId } };
    return data(this.http.api.PATCH(ONE, { params, body: { name }, ...options }));
  }

  /** Deletes a project with everything in it. Throws ProjectBusy while a job holds it. */
  async delete(projectId: string, options: CallOptions = {}): Promise<void> {
    await data(
      this.http.api.DELETE(ONE, { params: { path: { project_id: projectId } }, ...options }),
    );
  }
}
