// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from './mutants.ts'

export type Outcome = 'killed' | 'timed-out' | 'survived'

export interface FileReport {
  readonly file: string
  readonly mutants: number
  /** A test failed. */
  readonly killed: number
  /** No answer within the limit; counted as noticed, since the tests would not have passed. */
  readonly timedOut: readonly Named[]
  readonly survivors: readonly Named[]
}

type Named = Omit<Mutant, 'source'>

export function reportOf(file: string, outcomes: readonly { readonly mutant: Mutant; readonly outcome: Outcome }[]): FileReport {
  const named = (wanted: Outcome) =>
    outcomes.filter(({ outcome }) => outcome === wanted).map(({ mutant: { operator, line, was, now } }) => ({ operator, line, was, now }))
  return { file, mutants: outcomes.length, killed: named('killed').length, timedOut: named('timed-out'), survivors: named('survived') }
}

/** Parts of a hundred that were noticed, to one place; 100 of none. */
export function scoreOf(reports: readonly FileReport[]): number {
  const [mutants, survivors] = [reports.reduce((sum, report) => sum + report.mutants, 0), reports.flatMap((report) => report.survivors).length]
  return mutants === 0 ? 100 : Math.floor((1000 * (mutants - survivors)) / mutants) / 10
}

export function wordsOf(report: FileReport): string {
  const lines = report.survivors.map(({ line, operator, was, now }) => `  ${report.file}:${line} ${operator}: ${was} -> ${now}`)
  const timed = report.timedOut.length === 0 ? '' : `, ${report.timedOut.length} of them by the time limit`
  return [`${report.file}: ${report.mutants - report.survivors.length} of ${report.mutants} noticed (${scoreOf([report])} %)${timed}`, ...lines].join(
    '\n',
  )
}
