/** Calls that must not compile: the compiler reports a line of these that it would accept. */
import { createClient } from "editai-client";

const editai = createClient({ url: "http://library.test", token: "" });
// @ts-expect-error: the source is missing
void editai.jobs.generate("project", {});
// @ts-expect-error: a number is wanted
void editai.jobs.generate("project", { source_id: "source", variant_count: "three" });
// @ts-expect-error: an id is a text
void editai.clips.get(1);
// @ts-expect-error: there is no such status
void editai.jobs.list({ status: "done" });
// @ts-expect-error: there is no such event
void editai.webhooks.create({ events: ["job.ended"] });
