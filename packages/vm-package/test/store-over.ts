// SPDX-License-Identifier: Apache-2.0
import type { ObjectStore } from '../src/store/object-store.ts'

/** A store that does something else in places, for tests of what fails. */
export function storeOver(store: ObjectStore, changes: Partial<ObjectStore>): ObjectStore {
  return {
    get: (name, maxBytes) => store.get(name, maxBytes),
    getRange: (name, range) => store.getRange(name, range),
    size: (name) => store.size(name),
    has: (name) => store.has(name),
    put: (name, bytes) => store.put(name, bytes),
    sync: () => store.sync(),
    list: () => store.list(),
    delete: (name) => store.delete(name),
    leftovers: () => store.leftovers(),
    deleteLeftover: (id) => store.deleteLeftover(id),
    claims: () => store.claims(),
    addClaim: (name) => store.addClaim(name),
    deleteClaim: (name) => store.deleteClaim(name),
    ...changes,
  }
}
