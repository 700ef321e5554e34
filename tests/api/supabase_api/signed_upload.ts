// Uploads files with supabase-js by uploadToSignedUrl, given what the library's responses have; prints the outcomes.

import { createClient } from "npm:@supabase/supabase-js";

interface Resumable {
  headers: Record<string, string>;
  metadata: Record<string, string>;
}

const { url, anon_key, uploads, file }: {
  url: string;
  anon_key: string;
  uploads: Resumable[];
  file: string;
} = JSON.parse(Deno.args[0] ?? "");

const bytes = Deno.readFileSync(file);
const video = new File([bytes], "holiday.mp4", { type: "video/mp4" });
const page = createClient(url, anon_key, { auth: { persistSession: false } });
const bucket = page.storage.from(uploads[0]!.metadata["bucketName"]!);
const [first, second] = uploads.map(({ headers, metadata }) => ({
  token: headers["x-signature"]!,
  path: metadata["objectName"]!,
}));

async function outcome(path: string, token: string, body: Blob | Uint8Array, contentType?: string) {
  const options = contentType === undefined ? {} : { contentType };
  const { data, error } = await bucket.uploadToSignedUrl(path, token, body, options);
  return data?.fullPath ??
    [(error as unknown as { statusCode: string }).statusCode, error!.message];
}

console.log(JSON.stringify({
  another: await outcome(first!.path, second!.token, video),
  forged: await outcome(first!.path, `${first!.token}x`, video),
  text: await outcome(first!.path, first!.token, new Blob([bytes], { type: "text/plain" })),
  untyped: await outcome(first!.path, first!.token, bytes),
  form: await outcome(first!.path, first!.token, video),
  again: await outcome(first!.path, first!.token, video),
  plain: await outcome(second!.path, second!.token, bytes, "video/mp4"),
}));
