// SPDX-License-Identifier: Apache-2.0
//
// Finds kernel modules by name and puts them into loading order by the `depends=` line that each carries, since Debian
// makes its module index only when the kernel package is configured, which never happens here.
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DemoGuestError } from './error.ts'

export interface KernelModule {
  readonly name: string
  readonly content: Buffer
}

const canonical = (name: string) => name.replaceAll('-', '_')

/** Names of the modules that `content` (an ELF object with a `.modinfo` section) says it needs. */
export function dependenciesOf(content: Buffer): readonly string[] {
  const start = content.indexOf('\0depends=')
  if (start < 0) return []
  const from = start + '\0depends='.length
  const list = content.toString('latin1', from, content.indexOf(0, from))
  return list === '' ? [] : list.split(',')
}

export class ModuleTree {
  readonly #paths: ReadonlyMap<string, string>

  private constructor(paths: ReadonlyMap<string, string>) {
    this.#paths = paths
  }

  /** `folder`: `lib/modules/<version>/kernel` of an unpacked kernel package. */
  static async open(folder: string): Promise<ModuleTree> {
    const files = await readdir(folder, { recursive: true })
    const modules = files.filter((file) => file.endsWith('.ko'))
    return new ModuleTree(new Map(modules.map((file) => [canonical(basename(file, '.ko')), join(folder, file)])))
  }

  /**
   * The named modules and all they need, each once, every one after what it needs.
   * @throws DemoGuestError `module-missing`
   */
  async inLoadingOrder(names: readonly string[]): Promise<readonly KernelModule[]> {
    const ordered = new Map<string, KernelModule>()
    const visit = async (name: string): Promise<void> => {
      if (ordered.has(canonical(name))) return
      const path = this.#paths.get(canonical(name))
      if (path === undefined) throw new DemoGuestError('module-missing', `the kernel package has no module \`${name}\``)
      const content = await readFile(path)
      for (const needed of dependenciesOf(content)) await visit(needed)
      ordered.set(canonical(name), { name: basename(path, '.ko'), content })
    }
    for (const name of names) await visit(name)
    return [...ordered.values()]
  }
}
