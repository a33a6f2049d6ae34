// SPDX-License-Identifier: Apache-2.0
//
// QEMU on Linux, contained by bubblewrap and QEMU's own sandbox, or not at all. Accelerator and abilities come from a boot probe.
import { rm } from 'node:fs/promises'
import { type Capability, requireCapabilities } from '../capabilities.ts'
import { EngineError } from '../error.ts'
import { VmCgroups } from '../limits/vm-cgroups.ts'
import { openState } from '../state/open.ts'
import type { EngineBackend, ProbeReport, StateFile, VirtualMachine, VmSpec } from '../virtual-machine.ts'
import { type BootProbe, probeQemu } from './boot-probe.ts'
import { checkSpec } from './check-spec.ts'
import { findInstallation, type Installation, programFolders } from './installation.ts'
import { type Launched, launch } from './launch.ts'
import { QemuMachine } from './machine.ts'
import { loadState } from './migration.ts'
import { cachedProbe } from './probe-cache.ts'
import { boundToHardware } from './state-binding.ts'

export interface QemuBackendOptions {
  /** Private to this user; remembers the boot probe. */
  readonly cacheFolder: string
  /** Where QEMU and bubblewrap are installed, if not where distributions put them. */
  readonly folders?: readonly string[]
  /** Where a VM's computing time is limited, if not under the cgroup of this process. */
  readonly cgroups?: VmCgroups
}

interface Ready {
  readonly installation: Installation
  readonly probe: BootProbe
  readonly capabilities: ReadonlySet<Capability>
}

/** Looks at the host only when `probe` or `open` is called. */
export function createQemuBackend(options: QemuBackendOptions): EngineBackend {
  const cgroups = options.cgroups ?? new VmCgroups()
  let ready: Promise<Ready> | undefined
  const prepare = (): Promise<Ready> => {
    ready ??= prepareHost(options).catch((error: unknown) => {
      // What is missing may be installed before the next call.
      ready = undefined
      throw error
    })
    return ready
  }
  return {
    name: 'qemu',
    async probe(): Promise<ProbeReport> {
      try {
        const { probe, capabilities } = await prepare()
        return { available: true, version: probe.version, capabilities: await cgroups.addTo(capabilities) }
      } catch (error) {
        if (error instanceof EngineError) return { available: false, code: error.code, message: error.message }
        throw error
      }
    },
    async open(spec: VmSpec, restore?: StateFile): Promise<VirtualMachine> {
      checkSpec(spec)
      const { installation, probe, capabilities } = await prepare()
      requireCapabilities('qemu', spec.processorPercent === undefined ? capabilities : await cgroups.addTo(capabilities), spec)
      const bind = (file: StateFile): StateFile => boundToHardware(file, spec, probe)
      const launching = launch(spec, installation, { accelerator: probe.accelerator, restoring: restore !== undefined }, cgroups)
      if (restore === undefined) {
        const prepared = await launching
        await orEnd(prepared, async () => prepared.limit.enforce())
        return new QemuMachine(prepared, spec, 'prepared', bind)
      }
      // QEMU starts meanwhile, empty and standing: it is given nothing that has not been authenticated whole.
      const [state] = await Promise.allSettled([openState(bind(restore)), launching])
      const launched = await launching
      await orEnd(launched, async () => {
        if (state.status === 'rejected') throw state.reason
        await loadState(launched.qmp, launched.sockets.state, state.value)
        launched.limit.enforce()
      })
      return new QemuMachine(launched, spec, 'paused', bind)
    },
  }
}

async function prepareHost(options: QemuBackendOptions): Promise<Ready> {
  if (process.platform !== 'linux') throw new EngineError('containment-missing', `QEMU is contained on Linux only, found \`${process.platform}\``)
  const installation = await findInstallation(options.folders ?? programFolders)
  const probe = await cachedProbe(options.cacheFolder, installation, () => probeQemu(installation))
  // Beside QEMU, so no part of what its probe found.
  const beside: Capability[] = [
    installation.uefi === undefined ? [] : ['firmware:uefi' as const],
    installation.tpm === undefined ? [] : ['tpm' as const],
  ].flat()
  return { installation, probe, capabilities: new Set([...probe.capabilities, ...beside]) }
}

async function orEnd(launched: Launched, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    launched.contained.process.kill('SIGKILL')
    await launched.contained.closed
    await launched.tpm?.end()
    await launched.limit.end()
    await rm(launched.sockets.folder, { recursive: true, force: true })
    const lastWords = launched.contained.lastWords()
    throw error instanceof EngineError && lastWords !== '' ? new EngineError(error.code, `${error.message}: ${lastWords}`, error) : error
  }
}
