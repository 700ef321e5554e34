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

  async history(editai: EditAI, { projectId }: Argument): Promise<unknown> {
    const page = await editai.jobs.list({ project_id: projectId, status: "cancelled", limit: 1 });
    const jobs = [];
    for await (const job of editai.jobs.all({ kind: "raw_clips" })) jobs.push(job.id);
    const { id, secret } = await editai.webhooks.create({ events: ["job.failed"] });
    const rotated = await editai.webhooks.rotateSecret(id);
    const [made, ...others] = await editai.webhooks.list();
    await editai.webhooks.delete(id);
    const told = [];
    for (const webhook of others) {
      for await (const delivery of editai.webhooks.allDeliveries(webhook.id)) told.push(delivery);
    }
    const [first] = told;
    const again = first && await editai.webhooks.redeliver(first.webhook_id, first.id);
    return {
      cancelled: page.items.map((job) => job.id),
      jobs,
      status: (await editai.jobs.get(jobs[0] ?? "")).status,
      made: made?.id === id && made.events,
      rotated: rotated.secret !== secret,
      told: told.map((delivery) => [delivery.type, delivery.status]),
      again: again?.id === first?.id,
    };
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
