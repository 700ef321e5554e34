/** Calls the library through a gateway with faults, and prints as JSON what the client made of them. */
import { createClient, type EditAI, Problem } from "editai-client";

declare const process: { argv: string[] };

interface Argument {
  act: keyof typeof ACTS;
  url: string;
  token: string;
  projectId: string;
  sourceId: string;
}

const ACTS = {
  async read(editai: EditAI, { projectId }: Argument): Promise<unknown> {
    return (await editai.projects.get(projectId)).id;
  },

  async create(editai: EditAI): Promise<unknown> {
    return (await editai.projects.create("second")).id;
  },

  async start(editai: EditAI, { projectId, sourceId }: Argument): Promise<unknown> {
    return (await editai.jobs.generate(projectId, { source_id: sourceId })).job.id;
  },

  async delete(editai: EditAI, { projectId }: Argument): Promise<unknown> {
    await editai.projects.delete(projectId);
    return null;
  },

  async follow(editai: EditAI, { projectId }: Argument): Promise<unknown> {
    for await (const progress of editai.jobs.follow(projectId)) {
      console.log(JSON.stringify({ status: progress.job?.status }));
    }
    return null;
  },

  async abort(editai: EditAI, { projectId }: Argument): Promise<unknown> {
    const controller = new AbortController();
    for await (const _ of editai.jobs.follow(projectId, { signal: controller.signal })) {
      controller.abort(new Error("enough"));
    }
    return "it went on";
  },
};

const argument = JSON.parse(process.argv[2] ?? "") as Argument;
const editai = createClient({ url: argument.url, token: () => argument.token });
try {
  console.log(JSON.stringify({ result: await ACTS[argument.act](editai, argument) }));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const retryAfter = error instanceof Problem ? error.retryAfterSeconds : error.message;
  console.log(JSON.stringify({ error: { name: error.name, retryAfter } }));
}
