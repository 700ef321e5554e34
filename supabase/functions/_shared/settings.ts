// Settings of the functions, from the environment.

/** A setting; throws where it is not set and nothing stands in for it. */
export function setting(name: string, otherwise?: string): string {
  const value = Deno.env.get(name) || otherwise;
  if (value === undefined) throw new Error(`the environment lacks ${name}`);
  return value;
}
