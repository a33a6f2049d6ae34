// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import type { DesktopView, SettingView } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function whyCommand(): Command {
  return new Command('why')
    .description('why a desktop has the settings that it has here, which rule of which policy decides, and why it would not start')
    .argument('<desktop>')
    .option('--setting <name>', 'of this setting alone')
    .action(async (desktop: string, { setting: wanted, ...options }: CommonOptions & { readonly setting?: string }) => {
      const result = await callDaemon(options.data, 'why', { desktop, setting: wanted ?? null })
      const { title, serial, reasons, administrator, settings } = result
      print(options, result, [
        `${title}, release ${serial}: ${reasons.length === 0 ? 'would start' : 'would not start'}`,
        ...reasons.map(({ code, sentence, nextStep }) => `  ${sentence} ${nextStep} (${code})`),
        ...settings.flatMap((setting) => [...settingLines(setting), ...administratorLines(setting, administrator)]),
      ])
    })
}

function settingLines({ setting, words, from, lost }: SettingView): readonly string[] {
  return [
    `${setting}: ${words}`,
    ...(from.length === 0 ? ['  from no rule: it is the default'] : from.map((source) => `  from ${sourceText(source)}`)),
    ...lost.map((source) => `  lost ${sourceText(source)}: ${source.because}`),
  ]
}

/** What the rules give stands above; this is what an administrator signed on top of it. */
function administratorLines({ setting }: SettingView, mode: DesktopView['administrator']): readonly string[] {
  if (mode === null || mode.until === null || !mode.settings.includes(setting)) return []
  return [`  loosened by an administrator at this computer until ${new Date(mode.until * 1000).toISOString()}`]
}

function sourceText({ layer, path, rule, words, when, locked }: SettingView['from'][number]): string {
  return `${layer}: ${path} rule ${rule + 1}: ${words}${locked ? ', locked' : ''}${when === null ? '' : `, when ${when}`}`
}
