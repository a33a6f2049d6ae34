// SPDX-License-Identifier: Apache-2.0
//
// What computing time one VM gets. Its process is not held back while the guest's CPUs stand still: neither opening, saving nor ending a VM
// is the guest's computing.
import { EngineError } from '../error.ts'
import type { VmCgroup } from './vm-cgroup.ts'
import type { VmCgroups } from './vm-cgroups.ts'

/** @throws EngineError `spec-invalid` */
export function checkPercent(percent: number | null): void {
  if (percent !== null && !(Number.isInteger(percent) && percent >= 1 && percent <= 25_600))
    throw new EngineError('spec-invalid', `\`processorPercent\` of a VM cannot be \`${percent}\``)
}

export class ProcessorLimit {
  readonly #cgroup: VmCgroup | null
  readonly #missing: EngineError | undefined
  #percent: number | null = null
  #enforced = false
  #ended = false

  private constructor(cgroup: VmCgroup | null, missing?: EngineError) {
    this.#cgroup = cgroup
    this.#missing = missing
  }

  /** For a VM to come. Where the host has no cgroup for it, there is no limit but null. */
  static async open(cgroups: VmCgroups): Promise<ProcessorLimit> {
    try {
      return new ProcessorLimit(await cgroups.make())
    } catch (error) {
      if (error instanceof EngineError) return new ProcessorLimit(null, error)
      throw error
    }
  }

  /** What starts `command` as a process of the VM. */
  commandIn(command: readonly string[]): readonly string[] {
    return this.#cgroup?.commandIn(command) ?? command
  }

  /** In force when this returns, or from `enforce` on. @throws EngineError `capability-missing`, `spec-invalid` */
  set(percent: number | null): void {
    checkPercent(percent)
    if (percent !== null && this.#missing !== undefined) throw this.#missing
    this.#percent = percent
    if (this.#enforced) this.#write(percent)
  }

  enforce(): void {
    this.#enforced = true
    this.#write(this.#percent)
  }

  /** Never fails: what stays limited only takes longer. */
  lift(): void {
    this.#enforced = false
    try {
      this.#write(null)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
    }
  }

  /** Once the VM's processes are gone. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#cgroup?.remove()
  }

  #write(percent: number | null): void {
    if (this.#ended || this.#cgroup === null) return
    try {
      this.#cgroup.setPercent(percent)
    } catch (error) {
      throw new EngineError('capability-missing', `\`limit:processor\` of ${percent ?? 'no'} percent is not taken: ${String(error)}`, error)
    }
  }
}
