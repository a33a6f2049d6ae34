// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path'
import type { CheckView } from '../../local-api.ts'
import type { VerifiedClock } from '../clock/verified-clock.ts'
import type { Device } from '../device.ts'
import type { EngineReport } from '../engines.ts'
import { codeOf, messageOf } from '../error.ts'

/** Each part that a session needs, tried, with a code and what to do. */
export async function examine(report: EngineReport, clock: VerifiedClock, device: Device | null): Promise<readonly CheckView[]> {
  const engines = report.engines.map(({ name, report: found }): CheckView => {
    if (found.available) {
      const limited = found.capabilities.has('limit:processor') ? 'can' : 'cannot'
      return fine(name, `version ${found.version} boots and is contained; its computing time ${limited} be limited`)
    }
    return { check: name, ok: false, code: found.code, message: found.message, hint: engineHints[found.code] ?? 'See the message.' }
  })
  const { uplink } = report
  const network: CheckView = uplink.available
    ? fine('network', `\`${uplink.program}\` gives desktops their listed network`)
    : { check: 'network', ok: false, code: uplink.code, message: uplink.message, hint: 'Install the package `passt`.' }
  const usb: CheckView = report.usb.available
    ? fine('usb', `\`${report.usb.program}\` gives desktops the USB devices that their policies allow`)
    : {
        check: 'usb',
        ok: false,
        code: report.usb.code,
        message: report.usb.message,
        hint: 'Where desktops are to have USB devices, install the package `usbredirect`.',
      }
  const { system, floor } = clock.reading
  const time: CheckView = clock.behind
    ? {
        check: 'clock',
        ok: false,
        code: 'clock-behind',
        message: `the system clock says ${system}, it is at least ${floor}`,
        hint: 'Set the clock right.',
      }
    : fine('clock', 'the system clock is not behind verified time')
  return [...engines, network, usb, time, ...keyCheck(device), await consoleCheck(device), journalCheck(device)]
}

const engineHints: Readonly<Record<string, string>> = {
  'engine-missing': 'Install the packages `qemu-system-x86` and `qemu-utils`.',
  'containment-missing': 'Install the package `bubblewrap`, and allow unprivileged user namespaces.',
  'firmware-missing': 'Install the package `seabios`.',
}

async function consoleCheck(device: Device | null): Promise<CheckView> {
  if (device === null) return failed('console', 'not-enrolled', 'this computer is not enrolled', 'Enrol it with the code of your organisation.')
  try {
    const response = await device.console.get('/device/v1/metadata/timestamp.json', AbortSignal.timeout(10_000))
    response.resume()
    if (response.statusCode === 200) return fine('console', `\`${device.console.origin}\` answers under its pinned key`)
    return failed('console', 'console-refused', `\`${device.console.origin}\` answers with HTTP status ${response.statusCode}`, 'Ask your help desk.')
  } catch (error) {
    const hint = codeOf(error) === 'pin-mismatch' ? 'Another server answers in its place: ask your help desk.' : 'Check the network connection.'
    return failed('console', codeOf(error), messageOf(error), hint)
  }
}

function keyCheck(device: Device | null): readonly CheckView[] {
  if (device === null) return []
  const { keeping, layout } = device
  if (keeping === 'clear') {
    const hint = `Make \`${dirname(layout.sealingKey)}\` writable, or set \`XDG_STATE_HOME\`.`
    return [failed('device-key', 'device-key-clear', 'whoever reads the data folder is this device', hint)]
  }
  const kept = {
    carried: 'with the data folder, as on a stick: whoever reads it is this device',
    tpm: 'in the TPM of this computer',
    sealed: `sealed: whoever reads the data folder and \`${layout.sealingKey}\` is this device`,
  }
  return [fine('device-key', kept[keeping])]
}

function journalCheck(device: Device | null): CheckView {
  const fault = device?.journal.fault ?? null
  if (fault === null) return fine('journal', 'the journal can be written')
  return failed('journal', fault.code, fault.message, 'Connect to the network; if that does not help, ask your help desk.')
}

function fine(check: CheckView['check'], message: string): CheckView {
  return { check, ok: true, code: 'ok', message, hint: '' }
}

function failed(check: CheckView['check'], code: string, message: string, hint: string): CheckView {
  return { check, ok: false, code, message, hint }
}
