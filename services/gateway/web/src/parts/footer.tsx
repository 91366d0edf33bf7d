import { useEffect, useState } from "react";
import type { Book, Books, Brand } from "../api";
import { age, count, money } from "../format";
import { useBooks, useHeld, useSettings } from "../queries";

/** Whether what attribution gave away is exactly what was earned, and what could not be read. */
export function Footer({ brand }: { brand: Brand }) {
  const books = useBooks(brand.brand_id);
  const held = useHeld();
  const settings = useSettings(brand.brand_id);
  const now = useNow(5_000);
  return (
    <footer>
      {books.data ? <BooksLine books={books.data} model={settings.data?.default_model} now={now} /> : <p>{books.isError ? "The books could not be read." : "Reading the books…"}</p>}
      <p>
        {held.data
          ? held.data.total
            ? `${count(held.data.total, "message")} in quarantine: ${held.data.messages[0]?.explanation ?? ""}`
            : "Quarantine is empty"
          : ""}
      </p>
      <p><a href="/docs">API</a></p>
    </footer>
  );
}

function BooksLine({ books, model, now }: { books: Books; model: string | undefined; now: number }) {
  const book = books.books.find((each) => each.model === model) ?? books.books[0];
  if (!book || book.model === null) return <p>No books yet: nothing was attributed.</p>;
  return (
    <p className={`books ${books.balanced ? "balanced" : book.orders > book.orders_credited ? "settling" : "off"}`}>
      <strong>{books.balanced ? "Books balance" : settling(book)}</strong>
      <span>{count(book.orders, "order")}</span>
      <span>revenue {money(book.sales, book.currency)}</span>
      <span>credited {money(book.credited, book.currency)}</span>
      <span>difference {money(book.difference, book.currency)}</span>
      {books.newest_at && <span>data {age(now - Date.parse(books.newest_at))} old</span>}
    </p>
  );
}

function settling(book: Book): string {
  const waiting = book.orders - book.orders_credited;
  return waiting > 0 ? `Books are settling: ${count(waiting, "order is", "orders are")} being attributed` : "Books are off";
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
