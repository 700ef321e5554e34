/** A page that uploads a video, makes a clip of it and plays the clip. Its fragment says where the library is. */
import { createClient, JobNotCompleted, Problem, ProjectBusy } from "editai-client";

interface Settings {
  url: string;
  supabaseUrl: string;
  anonKey: string;
  email: string;
  password: string;
  projectId: string;
}

const settings = JSON.parse(decodeURIComponent(location.hash.slice(1))) as Settings;
const { url, projectId } = settings;
const signedIn = signIn();
const editai = createClient({ url, token: () => signedIn });

/** What signInWithPassword of supabase-js sends. */
async function signIn(): Promise<string> {
  const { supabaseUrl, anonKey, email, password } = settings;
  const response = await fetch(`${supabaseUrl}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: anonKey, "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

function element<Kind extends HTMLElement>(selector: string): Kind {
  const found = document.querySelector<Kind>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

const bar = element<HTMLProgressElement>("progress");
const uploaded = element("#uploaded");
const status = element("#status");
const refused = element("#refused");
const video = element<HTMLVideoElement>("video");

element<HTMLInputElement>("#file").addEventListener("change", async (event) => {
  const file = (event.target as HTMLInputElement).files?.[0];
  if (file === undefined) return;
  const source = await editai.sources.upload(projectId, file, {
    onProgress: ({ sentBytes, totalBytes }) => {
      bar.value = (100 * sentBytes) / totalBytes;
      bar.dataset["first"] ??= String(sentBytes);
    },
  });
  uploaded.textContent = source.id;
});

element("#generate").addEventListener("click", async () => {
  refused.textContent = "";
  try {
    const variants = element<HTMLInputElement>("#variants").valueAsNumber;
    const source = uploaded.textContent ?? "";
    const body = { source_id: source, variant_count: variants, target_duration: 2 };
    const { job } = await editai.jobs.generate(projectId, body);
    status.textContent = job.id;
    for await (const progress of editai.jobs.follow(projectId)) bar.value = progress.percentage;
    await editai.jobs.wait(projectId);
    const [clip] = (await editai.clips.list(projectId)).items;
    video.src = clip?.video_url ?? "";
    status.textContent = "completed";
  } catch (error) {
    if (error instanceof ProjectBusy) refused.textContent = error.job?.id ?? "";
    else if (error instanceof JobNotCompleted) status.textContent = error.progress.job?.status ?? "";
    else if (error instanceof Problem) refused.textContent = error.message;
    else throw error;
  }
});

element("#cancel").addEventListener("click", async () => {
  await editai.jobs.cancel(projectId);
});
