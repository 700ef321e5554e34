// Settings of the functions, from the environment.

/** A setting, or its fallback. Throws if both are missing. */
export function setting(name: string, fallback?: string): string {
  const value = Deno.env.get(name) || fallback;
  if (value === undefined) throw new Error(`the environment lacks ${name}`);
  return value;
}
