// Short messages about what the reader has just done; read out by screen readers.

import { signal } from "@preact/signals";

export interface Notice {
  readonly id: number;
  readonly tone: "ok" | "bad";
  readonly text: string;
}

const shownMillis = { ok: 5_000, bad: 12_000 };

export const notices = signal<readonly Notice[]>([]);

export function notify(tone: Notice["tone"], text: string): void {
  const id = (notices.value[notices.value.length - 1]?.id ?? 0) + 1;
  notices.value = [...notices.value, { id, tone, text }];
  setTimeout(() => dismiss(id), shownMillis[tone]);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
