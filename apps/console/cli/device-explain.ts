// SPDX-License-Identifier: Apache-2.0
import { lostReasons, lostWords } from '@casemate/policy/explanation'
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { AdminError } from './error.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const source = z.object({
  ...{ layer: z.string(), path: z.string(), rule: z.number(), words: z.string(), when: z.string().nullable(), locked: z.boolean() },
})
type Source = z.infer<typeof source>

const setting = z.object({
  ...{ setting: z.string(), words: z.string(), value: z.json() },
  ...{ from: z.array(source), lost: z.array(source.extend({ because: z.enum(lostReasons) })) },
})
const explanation = z.object({
  ...{ desktop: z.string(), serial: z.number(), settings: z.array(setting) },
  refused: z.array(z.object({ code: z.string(), sentence: z.string(), nextStep: z.string() })),
})

interface Options extends DataOption {
  readonly setting?: string
}

const onDevice = (command: Command): Command =>
  withData(command.argument('<device>').argument('<desktop>')).option('--setting <name>', 'of this one alone')

export function deviceExplainCommand(): Command {
  return onDevice(new Command('explain'))
    .description('every setting of a desktop on a device: its value, the rule that decides it, the rules that lost and why')
    .action(async (device: string, desktop: string, options: Options) => {
      const { serial, settings, refused, raw } = await ask(device, desktop, options)
      const rows = settings.flatMap(({ setting: name, words, from, lost }) => [
        `${name}: ${words}`,
        ...(from.length === 0 ? ['  from no rule: it is the default'] : from.map((one) => `  from ${sourceText(one)}`)),
        ...lost.map((one) => `  lost ${sourceText(one)}: ${lostWords[one.because]}`),
      ])
      const reasons = refused.map(({ code, sentence, nextStep }) => `would be refused (${code}): ${sentence} ${nextStep}`)
      print(options.json, { ...raw, settings }, [`${desktop}, release ${serial}`, ...rows, ...reasons])
    })
}

export function deviceEffectiveCommand(): Command {
  return onDevice(new Command('effective'))
    .description('the values alone of every setting of a desktop on a device')
    .action(async (device: string, desktop: string, options: Options) => {
      const { settings } = await ask(device, desktop, options)
      const values = Object.fromEntries(settings.map(({ setting: name, value }) => [name, value]))
      print(
        options.json,
        values,
        settings.map(({ setting: name, words }) => `${name}: ${words}`),
      )
    })
}

async function ask(device: string, desktop: string, { data, setting: wanted }: Options) {
  const { raw, read } = await callOperator(data, 'explain-device', { device, desktop }, explanation)
  const settings = read.settings.filter(({ setting: name }) => wanted === undefined || name === wanted)
  if (settings.length === 0) throw new AdminError('usage', 'usage', `expected the name of a setting, found \`${wanted}\``)
  return { ...read, settings, raw }
}

function sourceText({ layer, path, rule, words, when, locked }: Source): string {
  return `${layer}: ${path} rule ${rule + 1}: ${words}${locked ? ', locked' : ''}${when === null ? '' : `, when ${when}`}`
}
