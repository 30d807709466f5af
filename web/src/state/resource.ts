// Something fetched for a view: fetched again when `version` changes, and kept on show while that happens.

import { useEffect, useRef, useState } from "preact/hooks";

export interface Resource<T> {
  readonly data: T | null;
  readonly error: string | null;
  readonly reload: () => void;
}

interface Held<T> {
  readonly identity: string;
  readonly data: T | null;
  readonly error: string | null;
}

// Pushes may change the version several times a second; one request at a time, with a pause between two.
const pauseMillis = 700;

export function useResource<T>(
  identity: string,
  version: string,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ identity, data: null, error: null });
  const latestLoad = useRef(load);
  latestLoad.current = load;
  const request = useRef<() => void>(() => undefined);

  useEffect(() => {
    const abort = new AbortController();
    let busy = false;
    let again = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const run = async () => {
      busy = true;
      again = false;
      try {
        const data = await latestLoad.current(abort.signal);
        if (!abort.signal.aborted) setHeld({ identity, data, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        setHeld((old) => ({ identity, data: old.identity === identity ? old.data : null, error: message }));
      }
      if (abort.signal.aborted) return;
      timer = setTimeout(() => {
        busy = false;
        if (again) void run();
      }, pauseMillis);
    };
    request.current = () => {
      if (busy) again = true;
      else void run();
    };
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [identity]);

  useEffect(() => request.current(), [identity, version]);

  const current = held.identity === identity;
  return {
    data: current ? held.data : null,
    error: current ? held.error : null,
    reload: () => request.current(),
  };
}
