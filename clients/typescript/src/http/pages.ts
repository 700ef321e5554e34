/** Lists that come page by page. */

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface PageOptions {
  /** The largest number of items of a page. */
  limit?: number;
  /** `next_cursor` of the page before. */
  cursor?: string;
}

/** Every item of all pages, read as the loop gets to it. */
export async function* everyItem<Item>(
  read: (page: PageOptions) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await read(cursor === null ? {} : { cursor });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
