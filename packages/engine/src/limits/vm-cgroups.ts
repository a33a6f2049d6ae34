// SPDX-License-Identifier: Apache-2.0
//
// Whether computing time can be limited here, tried rather than guessed, and a cgroup for each VM where it can.
import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { Capability } from '../capabilities.ts'
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

  /** `capabilities`, and what the probe adds to them. */
  async addTo(capabilities: ReadonlySet<Capability>): Promise<ReadonlySet<Capability>> {
    return (await this.probe()).available ? new Set<Capability>([...capabilities, 'limit:processor']) : capabilities
  }

  /** Without the probe, which takes as long as a process does to start. @throws EngineError `capability-missing` that says why there is none */
  async make(): Promise<VmCgroup> {
    const failures: string[] = []
    for (const place of await this.#places()) {
      try {
        return await VmCgroup.make(place)
      } catch (error) {
        failures.push(failureIn(place, error))
      }
    }
    throw new EngineError('capability-missing', `this host lacks \`limit:processor\`: ${wordsOf(failures)}`)
  }
}

async function firstUsable(places: readonly CgroupPlace[]): Promise<LimitProbe> {
  const failures: string[] = []
  for (const place of places) {
    try {
      await tryOut(place)
      return { available: true, place }
    } catch (error) {
      failures.push(failureIn(place, error))
    }
  }
  return { available: false, message: wordsOf(failures) }
}

function failureIn({ version }: CgroupPlace, error: unknown): string {
  return `version ${version}: ${error instanceof Error ? error.message : String(error)}`
}

function wordsOf(failures: readonly string[]): string {
  return failures.length === 0 ? 'this process is in no cgroup that is in sight' : failures.join('; ')
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
