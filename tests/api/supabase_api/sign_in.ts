// Signs a user in with supabase-js and does what a page does with a session; prints what it got.

import { createClient, type SupabaseClient } from "npm:@supabase/supabase-js";

const { url, anon_key, service_key, email, password }: Record<string, string> = JSON.parse(
  Deno.args[0] ?? "",
);

function client(key = anon_key): SupabaseClient {
  return createClient(url!, key!, { auth: { persistSession: false, autoRefreshToken: false } });
}

function failure(error: { status?: number; code?: string; message: string } | null) {
  return error && [error.status, error.code, error.message];
}

const page = client();
const wrong = await page.auth.signInWithPassword({ email: email!, password: "wrong" });
const unknown = await page.auth.signInWithPassword({ email: "x@example.com", password: password! });
const nobody = await client().auth.getUser();
const signedUp = await page.auth.signUp({ email: "new@example.com", password: "long enough" });
const linked = await page.auth.signInWithOtp({ email: email! });

const signedIn = await page.auth.signInWithPassword({ email: email!, password: password! });
const first = signedIn.data.session!;
const user = await page.auth.getUser();
const rows = await page.from("editai_projects").select("id");
const refreshed = await page.auth.refreshSession();
const second = refreshed.data.session!;

const thief = client();
const usedAgain = await thief.auth.refreshSession({ refresh_token: first.refresh_token });
const afterTheft = await client().auth.refreshSession({ refresh_token: second.refresh_token });
const madeUp = await thief.auth.refreshSession({ refresh_token: "made-up" });
const forged = await thief.auth.getUser(`${second.access_token.slice(0, -4)}AAAA`);

const again = await page.auth.signInWithPassword({ email: email!, password: password! });
const last = again.data.session!;
const signedOut = await page.auth.signOut();
const afterwards = await client().auth.getUser(last.access_token);
const lateRefresh = await client().auth.refreshSession({ refresh_token: last.refresh_token });

const admin = client(service_key);
const account = { email: "two@example.com", password: "a password", email_confirm: true };
const created = await admin.auth.admin.createUser(account);
const twice = await admin.auth.admin.createUser(account);
const notAdmin = await client().auth.admin.createUser({ ...account, email: "three@example.com" });
const other = await client().auth.signInWithPassword(account);

const download = await page.storage.from("editai").download("a/b.mp4");
const channel = await new Promise<string>((resolve) => {
  page.channel("progress").subscribe((status: string) => resolve(status));
});
await page.removeAllChannels();

console.log(JSON.stringify({
  failures: {
    wrong: failure(wrong.error),
    unknown: failure(unknown.error),
    nobody: nobody.error?.name,
    signedUp: failure(signedUp.error),
    linked: failure(linked.error)?.slice(0, 2),
    usedAgain: failure(usedAgain.error),
    afterTheft: failure(afterTheft.error),
    madeUp: failure(madeUp.error),
    forged: failure(forged.error)?.slice(0, 2),
    afterwards: afterwards.error?.name,
    lateRefresh: failure(lateRefresh.error),
    twice: failure(twice.error),
    notAdmin: failure(notAdmin.error),
  },
  user: user.data.user,
  rows: rows.data,
  signedOut: failure(signedOut.error),
  session: { ...second, user: second.user.id },
  rotated: first.refresh_token !== second.refresh_token,
  created: created.data.user?.id,
  other: other.data.user?.id,
  download: String(download.error?.message),
  channel,
}));
Deno.exit(0);
