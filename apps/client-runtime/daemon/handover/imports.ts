// SPDX-License-Identifier: Apache-2.0
//
// Objects that came by hand, a folder for each package. Unlike those of the cache they are never given up for want of room: nobody may be
// there to give them again. Of each desktop the two newest imports are kept, so that a session of the one before goes on.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mostObjectBytes, type ObjectStore } from '@casemate/vm-package/object-store'
import { openFolderStore } from '@casemate/vm-package/store'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { readState, writeState } from '../state-file.ts'
import { sha256Of } from '../update/verified-copy.ts'
import { syncFolder } from '../update/write-whole.ts'

const record = z.strictObject({ desktop: z.string(), serial: z.int(), package: z.string().regex(/^[0-9a-f]{64}$/) })
type ImportRecord = z.infer<typeof record>

interface Import {
  readonly record: ImportRecord
  readonly store: ObjectStore
}

const keptImports = 2
const recordFile = 'import.json'

export class Imports {
  readonly #layout: Pick<Layout, 'imports' | 'importing'>
  #held: readonly Import[]

  private constructor(layout: Pick<Layout, 'imports' | 'importing'>, held: readonly Import[]) {
    this.#layout = layout
    this.#held = held
  }

  /** What broke off is taken away. */
  static async open(layout: Pick<Layout, 'imports' | 'importing'>): Promise<Imports> {
    for (const left of [layout.importing, replaced(layout)]) await rm(left, { recursive: true, force: true })
    const held: Import[] = []
    for (const name of await readdir(layout.imports).catch(() => [])) {
      const folder = join(layout.imports, name)
      const known = await readState(join(folder, recordFile), record).catch(() => undefined)
      if (known?.package === name) held.push({ record: known, store: await openFolderStore(folder) })
      else await rm(folder, { recursive: true, force: true })
    }
    return new Imports(layout, held)
  }

  /** The object as its name says, or null. */
  async find(name: string): Promise<Uint8Array | null> {
    for (const { store } of this.#held) {
      const bytes = await store.get(name, mostObjectBytes).catch(() => null)
      if (bytes !== null && sha256Of(bytes) === name) return bytes
    }
    return null
  }

  /** An empty store for what is being read. @throws PackageError `store-unwritable` */
  async begin(): Promise<ObjectStore> {
    await this.discard()
    return await openFolderStore(this.#layout.importing)
  }

  async discard(): Promise<void> {
    await rm(this.#layout.importing, { recursive: true, force: true })
  }

  /** Keeps what was read, in the place of an earlier import of the same package. */
  async keep(store: ObjectStore, own: ImportRecord): Promise<void> {
    const { imports, importing } = this.#layout
    await store.sync()
    await writeState(join(importing, recordFile), own)
    const folder = join(imports, own.package)
    await mkdir(imports, { recursive: true, mode: 0o700 })
    await rename(folder, replaced(this.#layout)).catch(ignoreAbsent)
    await rename(importing, folder)
    await syncFolder(dirname(folder))
    await rm(replaced(this.#layout), { recursive: true, force: true })
    const others = this.#held.filter((held) => held.record.package !== own.package)
    this.#held = [...others, { record: own, store: await openFolderStore(folder) }]
    await this.#forgetOld(own.desktop)
  }

  async #forgetOld(desktop: string): Promise<void> {
    const own = this.#held.filter(({ record: known }) => known.desktop === desktop).sort((one, other) => other.record.serial - one.record.serial)
    for (const old of own.slice(keptImports)) {
      this.#held = this.#held.filter((held) => held !== old)
      await rm(join(this.#layout.imports, old.record.package), { recursive: true, force: true })
    }
  }
}

const replaced = ({ importing }: Pick<Layout, 'importing'>): string => `${importing}-replaced`

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
