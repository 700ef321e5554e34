// Uploads a file with tus-js-client, given exactly what the library's response has, and prints the requests it made.

import { Buffer } from "node:buffer";
import { DefaultHttpStack, type HttpRequest, type HttpResponse, Upload } from "npm:tus-js-client";

interface Resumable {
  url: string;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  chunk_bytes: number;
}

const { resumable, file, retry_delays, in_creation }: {
  resumable: Resumable;
  file: string;
  retry_delays: number[];
  in_creation: boolean;
} = JSON.parse(Deno.args[0] ?? "");

const requests: [method: string, status: number, offset: string | undefined][] = [];

function note(request: HttpRequest, response: HttpResponse): void {
  const offset = response.getHeader("upload-offset");
  requests.push([request.getMethod(), response.getStatus(), offset]);
}

const outcome = await new Promise<string>((resolve) => {
  new Upload(Buffer.from(Deno.readFileSync(file)), {
    endpoint: resumable.url,
    headers: resumable.headers,
    metadata: resumable.metadata,
    chunkSize: resumable.chunk_bytes,
    uploadDataDuringCreation: in_creation,
    retryDelays: retry_delays,
    httpStack: new DefaultHttpStack({}),
    onAfterResponse: note,
    onError: (error) => resolve(String(error)),
    onSuccess: () => resolve("uploaded"),
  }).start();
});
console.log(JSON.stringify({ outcome, requests }));
