// SPDX-License-Identifier: Apache-2.0
//
// Whether computing time can be limited here, tried rather than guessed, and a cgroup for each VM where it can.
import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from '../error.ts'
import { type CgroupPlace, ownPlaces } from './places.ts'
import { VmCgroup } from './vm-cgroup.ts'

export type LimitProbe = { readonly available: true; readonly place: CgroupPlace } | { readonly available: false; readonly message: string }

export class VmCgroups {
  readonly #places: () => Promise<readonly CgroupPlace[]>
  #found: Promise<LimitProbe> | undefined

  /** @param places where it is tried; default: the cgroups of this process */
  constructor(places: () => Promise<readonly CgroupPlace[]> = ownPlaces) {
    this.#places = places
  }

  /** Remembered: our own cgroup does not change. */
  probe(): Promise<LimitProbe> {
    this.#found ??= this.#places().then(firstUsable)
    return this.#found
  }

  /** @throws EngineError `capability-missing` that says why there is none */
  async make(): Promise<VmCgroup> {
    const found = await this.probe()
    if (!found.available) throw new EngineError('capability-missing', `this host lacks \`limit:processor\`: ${found.message}`)
    return VmCgroup.make(found.place).catch((error: unknown) => {
      throw new EngineError('capability-missing', `no cgroup can be made for a VM: ${String(error)}`, error)
    })
  }
}

async function firstUsable(places: readonly CgroupPlace[]): Promise<LimitProbe> {
  const failures: string[] = []
  for (const place of places) {
    try {
      await tryOut(place)
      return { available: true, place }
    } catch (error) {
      failures.push(`version ${place.version}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { available: false, message: failures.length === 0 ? 'this process is in no cgroup that is in sight' : failures.join('; ') }
}

/** A cgroup with a quota and a process in it. */
async function tryOut(place: CgroupPlace): Promise<void> {
  const cgroup = await VmCgroup.make(place)
  try {
    cgroup.setPercent(50)
    const [file = '', ...args] = cgroup.commandIn(['/bin/cat', '/proc/self/cgroup'])
    const { stdout } = await promisify(execFile)(file, args, { env: {}, timeout: 10_000 })
    const name = basename(cgroup.folder)
    if (!stdout.includes(name)) throw new Error(`a process was expected to be in \`${name}\`, found ${stdout.trim()}`)
  } finally {
    await cgroup.remove()
  }
}
