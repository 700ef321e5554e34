// Settings of the functions, from the environment.

/** A setting, or its fallback. Throws if both are missing. */
export function setting(name: string, otherwise?: string): string {
  const value = Deno.env.get(name) || otherwise;
  if (value === undefined) throw new Error(`the environment lacks ${name}`);
  return value;
}
