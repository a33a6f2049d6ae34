// SPDX-License-Identifier: Apache-2.0
import { networkModes, type Refusal, refusalWords } from '../launcher/words.ts'
import type { EscrowView, InstanceView } from '../local-api.ts'

export interface CommonOptions {
  readonly data: string
  readonly json?: true
}

/** The result on standard output: one JSON object, or lines for people. */
export function print({ json }: CommonOptions, result: object, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : lines.map((line) => `${line}\n`).join(''))
}

export function instanceLines({ instance, engine, session }: InstanceView): readonly string[] {
  if (session === null) return [`${instance}: never started (${engine})`]
  const { state, viewer, guest, drives, usb, network, quarantine, open, reasons, blocked, warned, messages, waiting } = session
  return [
    `${instance}: ${state} (${engine})`,
    ...(viewer === null ? [] : [`  screen: ${viewer}`]),
    ...(open ? [`  network: ${networkModes[network]}`] : []),
    ...quarantine.map((why) => `  its network is made smaller: ${why}`),
    ...(guest === null ? [] : [`  guest: ${[guest.system, ...guest.addresses].join(', ')}`]),
    ...usb.map(({ at, device, name }) => `  USB ${at}: ${name === '' ? device : `${name}, ${device}`}`),
    ...drives.flatMap(({ drive, medium }) => (medium === null ? [] : [`  ${drive}: ${medium}`])),
    ...messages.map((message) => `  ${message}`),
    ...(warned ? ['  connect to the network: this desktop will be suspended without contact'] : []),
    ...(waiting.length > 0 ? [`  at the next start: ${waiting.join(', ')}`] : []),
    ...reasons.map(({ sentence, nextStep }) => `  ${sentence} ${nextStep}`),
    ...(blocked === null ? [] : [`  ${blocked.sentence} ${blocked.nextStep} (${blocked.code})`]),
  ]
}

/** Who but the user can open an instance. */
export function escrowLine(escrow: EscrowView | null): string {
  if (escrow === null) return '  Nobody can reset a forgotten password: your organisation keeps no shares of this key.'
  return `  ${escrow.threshold} of ${escrow.shares} administrators together can reset a forgotten password.`
}

/** The same words as the launcher's. */
export function refusalLines(refusal: Refusal): readonly string[] {
  const { code, sentence, nextStep, ask } = refusalWords(refusal)
  const more = [nextStep, ask].filter((text) => text !== '').join(' ')
  return [`${sentence} (${code})`, ...(more === '' ? [] : [`  ${more}`])]
}
