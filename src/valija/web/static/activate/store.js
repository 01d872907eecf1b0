// What this browser keeps: one record, so that license file, keys and token always fit together.
//
//   { license_file, keys, token, latest_seen (milliseconds), ended, suspended (the server's words, or "") }

const NAME = "valija";
const TABLE = "license";
const KEY = "current";

// The record, or null.
export async function load() {
  return (await within("readonly", (table) => table.get(KEY))) ?? null;
}

// Keep a record in place of the one before.
export async function keep(record) {
  await within("readwrite", (table) => table.put(record, KEY));
}

// Remember what changed.
export async function remember(changes) {
  const record = await load();
  if (record) await keep({ ...record, ...changes });
}

// Keep nothing.
export async function forget() {
  await within("readwrite", (table) => table.delete(KEY));
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode);
      const request = work(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
