// What the program of every generated TypeScript client does, given the client's own calls.

export interface Progress {
  job: { id: string; status: string } | null;
  outcome: string | null;
  percentage: number;
}

export interface Calls {
  /** Starts raw clips of the source; returns the job's id. */
  start(projectId: string, sourceId: string): Promise<string>;
  /** Starts another job while one is active; returns the type of the problem and the holder's id. */
  conflict(projectId: string, sourceId: string): Promise<[string, string | undefined]>;
  progress(projectId: string): Promise<Progress>;
  cancel(projectId: string): Promise<string>;
}

declare const process: { env: Record<string, string | undefined> };

interface Settings {
  origin: string;
  token: string;
  project_id: string;
  source_id: string;
}

export const settings = JSON.parse(process.env.EDITAI_STORY ?? "{}") as Settings;
export const authorization = `Bearer ${settings.token}`;

/** Starts a job, meets a conflict, follows the job until it works, cancels it, and prints what was seen. */
export async function story(calls: Calls): Promise<void> {
  const { project_id: project, source_id: source } = settings;
  const job = await calls.start(project, source);
  const [problem, holder] = await calls.conflict(project, source);
  const seen = await follow(calls, (progress) => progress.percentage > 0);
  const cancelled = await calls.cancel(project);
  const end = await follow(calls, (progress) => progress.outcome !== null);
  const { outcome, percentage } = end;
  const followed = seen.job?.id === job && holder === job;
  console.log(JSON.stringify({ problem, followed, cancelled, outcome, percentage }));
}

async function follow(calls: Calls, enough: (progress: Progress) => boolean): Promise<Progress> {
  for (;;) {
    const progress = await calls.progress(settings.project_id);
    if (enough(progress)) return progress;
    if (progress.outcome !== null) throw new Error(`ended early: ${progress.outcome}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
