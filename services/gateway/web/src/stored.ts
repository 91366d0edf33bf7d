// What the browser remembers; where storage is closed to us, nothing is remembered and nothing breaks.

export function remembered(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

export function remember(storage: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // Not remembered.
  }
}

export const session = (): Storage => sessionStorage;
export const lasting = (): Storage => localStorage;
