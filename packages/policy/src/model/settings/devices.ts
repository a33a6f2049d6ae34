// SPDX-License-Identifier: Apache-2.0
//
// Which of the host's devices the guest gets: PO-12 to PO-14.
import { z } from 'zod'
import { type Setting, type SettingCapability, setting, stricterOf } from '../setting.ts'
import { blocksUsb, meetUsb, noUsb, usbSetting, usbWords } from '../usb-rules.ts'

// Closed lists stand from loosest to strictest.
const port = z.enum(['captured', 'none'])
const drive = z.enum(['host', 'image', 'none'])
const sound = z.enum(['both', 'output', 'none'])
const printer = z.enum(['pdf-folder', 'none'])

export const deviceSettings = {
  'serial-port': portSetting('The first serial port of the guest: none, or its output kept by the runtime', 'serial:captured'),
  'parallel-port': portSetting('The parallel port of the guest: none, or its output kept by the runtime', 'parallel:captured'),
  'cd-drive': driveSetting('A CD drive of the guest: none, one for image files, or one for the drive of the host too', [
    'drive:cd-image',
    'drive:cd-host',
  ]),
  'floppy-drive': driveSetting('A floppy drive of the guest: none, one for image files, or one for the drive of the host too', [
    'drive:floppy-image',
    'drive:floppy-host',
  ]),
  sound: setting({
    row: 'PO-12',
    description: 'Whether the guest can be heard, and whether it can hear by the microphone of the host',
    unit: null,
    value: sound,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(sound.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => ({ both: ['sound:output', 'sound:input'] as const, output: ['sound:output'] as const, none: [] })[value],
    needs: '`sound:output`, where it can be heard; `sound:input`, where it can hear',
    words: (value) => ({ both: 'heard and hears', output: 'heard', none: 'none' })[value],
  }),
  usb: setting({
    row: 'PO-13',
    description: 'Which USB devices of the host may be attached: a general rule, then by class, then by vendor and product',
    unit: null,
    value: usbSetting,
    default: noUsb,
    merge: 'strictest',
    meet: meetUsb,
    checked: ['power-on', 'running'],
    capabilities: (value) => (blocksUsb(value) ? [] : ['usb:redirect']),
    needs: '`usb:redirect`, where some device may be attached',
    words: usbWords,
  }),
  printer: setting({
    row: 'PO-14',
    description: 'A printer of the guest that writes PDF files into a folder of the user',
    unit: null,
    value: printer,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(printer.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'none' ? [] : ['printer:pdf-folder']),
    needs: '`printer:pdf-folder`, where there is one',
    words: (value) => ({ 'pdf-folder': 'a folder of PDF files', none: 'none' })[value],
  }),
}

function portSetting(description: string, capability: SettingCapability): Setting<z.infer<typeof port>> {
  return setting({
    row: 'PO-12',
    description,
    unit: null,
    value: port,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(port.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => (value === 'captured' ? [capability] : []),
    needs: `\`${capability}\`, where its output is kept`,
    words: (value) => value,
  })
}

function driveSetting(description: string, [image, host]: readonly [SettingCapability, SettingCapability]): Setting<z.infer<typeof drive>> {
  return setting({
    row: 'PO-12',
    description,
    unit: null,
    value: drive,
    default: 'none',
    merge: 'strictest',
    meet: stricterOf(drive.options),
    checked: ['power-on', 'running'],
    capabilities: (value) => ({ host: [image, host], image: [image], none: [] })[value],
    needs: `\`${image}\`, where there is one; \`${host}\`, where it is the host's`,
    words: (value) => ({ host: 'image files and the drive of the host', image: 'image files', none: 'none' })[value],
  })
}
