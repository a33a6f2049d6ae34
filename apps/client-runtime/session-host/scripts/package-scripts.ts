// SPDX-License-Identifier: Apache-2.0
//
// The scripts of a package that the plan has run on the host (PO-20): before the guest starts, each must end with 0, or nothing starts;
// after it was switched off, what they say is journaled. Only scripts of the signed package are ever run.
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { Manifest } from '@casemate/vm-package/manifest'
import type { ObjectSource } from '@casemate/vm-package/object-store'
import { fetchScripts, type PackageScript } from '@casemate/vm-package/scripts'
import type { EventLog } from '../event-log.ts'
import { ScriptError } from './error.ts'
import { runScript } from './run-script.ts'

export interface ScriptSource {
  readonly plan: LaunchPlan
  readonly manifest: Manifest
  readonly packageKey: Uint8Array
  readonly files: Pick<ObjectSource, 'get'>
  readonly events: Pick<EventLog, 'add'>
}

type When = 'power-on' | 'power-off'

export class PackageScripts {
  readonly #source: ScriptSource
  readonly #byName: ReadonlyMap<string, PackageScript>

  private constructor(source: ScriptSource, scripts: readonly PackageScript[]) {
    this.#source = source
    this.#byName = new Map(scripts.map((script) => [script.name, script]))
  }

  /** Those that the plan names; null where it names none. @throws ScriptError `script-unknown`; PackageError as `fetchScripts` */
  static async open(source: ScriptSource): Promise<PackageScripts | null> {
    const { powerOn, powerOff } = source.plan.scripts
    const wanted = [...powerOn, ...powerOff]
    if (wanted.length === 0) return null
    const field = source.manifest.scripts
    const missing = wanted.find((name) => Array.isArray(field) || !field.names.includes(name))
    if (Array.isArray(field) || missing !== undefined) throw new ScriptError('script-unknown', `the package has no script \`${missing}\``)
    return new PackageScripts(source, await fetchScripts(source.files, field, source.packageKey))
  }

  /** @throws ScriptError `script-failed` or `script-late` of the first that does not end with 0; the reason of `signal` */
  async powerOn(signal: AbortSignal): Promise<void> {
    for (const name of this.#source.plan.scripts.powerOn) {
      const { exit, late, output } = await this.#run(name, 'power-on', signal)
      const said = output.trim() === '' ? 'it printed nothing' : `it printed: ${output.trim()}`
      const { seconds } = this.#source.plan.scripts
      if (late) throw new ScriptError('script-late', `\`${name}\` did not end within ${seconds} s; ${said}`)
      if (exit !== 0) throw new ScriptError('script-failed', `\`${name}\` ended with ${exit ?? 'a signal'}; ${said}`)
    }
  }

  /** Whatever they end with; never fails. */
  async powerOff(): Promise<void> {
    for (const name of this.#source.plan.scripts.powerOff) await this.#run(name, 'power-off').catch(() => undefined)
  }

  async #run(name: string, when: When, signal?: AbortSignal) {
    const { plan, events } = this.#source
    const { session, instance, desktop, package: sealed, engine } = plan
    const environment = {
      ...{ CASEMATE_WHEN: when, CASEMATE_SCRIPT: name, CASEMATE_SESSION: session, CASEMATE_INSTANCE: instance, CASEMATE_DESKTOP: desktop },
      ...{ CASEMATE_PACKAGE: sealed.name, CASEMATE_PACKAGE_VERSION: sealed.version, CASEMATE_ENGINE: engine },
    }
    const text = this.#byName.get(name)?.text ?? ''
    try {
      const end = await runScript({ text, environment, seconds: plan.scripts.seconds, ...(signal === undefined ? {} : { signal }) })
      events.add('script-ran', { script: name, when, end: end.late ? 'late' : String(end.exit ?? 'signal'), output: end.output })
      return end
    } catch (fault) {
      events.add('script-ran', { script: name, when, end: 'not started', output: fault instanceof Error ? fault.message : String(fault) })
      throw fault
    }
  }
}
