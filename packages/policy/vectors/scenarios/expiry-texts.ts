// SPDX-License-Identifier: Apache-2.0
//
// PO-4: the organisation's own words about the end, in the plan and in the refusal, and whose words win.
import { day, type LayerOf, noPassword, now, type RuleValue, type Scenario, type WrittenRule } from '../scenario.ts'

const texts = (warning: string | null, ended: string | null): WrittenRule => ({ setting: 'expiry-texts', value: { warning, ended } })
const expiry = (value: Partial<RuleValue<'expiry'>>): WrittenRule => ({
  setting: 'expiry',
  value: { afterDays: null, lastDay: null, warnDays: 0, ...value },
})

/** Activated ten days ago; ends in four days, warned of two days before. */
const ends = expiry({ afterDays: 14, warnDays: 2 })
const [warnedFrom, endsAt] = [now + 2 * day, now + 4 * day]

const layered = (name: string, about: string, layers: readonly LayerOf[], expect: Scenario['expect']): Scenario => ({
  ...{ name: `expiry-texts-${name}`, about, rows: ['PO-4'], layers, expect },
})
const organisation = (...rules: readonly WrittenRule[]): LayerOf => ({ layer: 'organisation', rules: [noPassword, ...rules] })
const group = (...rules: readonly WrittenRule[]): LayerOf => ({ layer: 'group', selector: { group: 'staff' }, rules })

const warned = (text: string) => ({ plan: { messages: [{ from: warnedFrom, text }] } })

export const expiryTextScenarios: readonly Scenario[] = [
  layered('both', 'Own words for the warning and for the end, each from its moment on', [organisation(ends, texts('Two days left', 'Ask 4711'))], {
    plan: {
      messages: [
        { from: warnedFrom, text: 'Two days left' },
        { from: endsAt, text: 'Ask 4711' },
      ],
    },
  }),
  layered('none', 'No words of their own', [organisation(ends)], { plan: { messages: [] } }),
  layered('no-warning', 'Nobody is warned, so there is no moment for the words', [organisation(expiry({ afterDays: 14 }), texts('x', null))], {
    plan: { messages: [] },
  }),
  layered('no-end', 'A desktop without an end', [organisation(texts('x', 'y'))], { plan: { messages: [] } }),
  layered(
    'ended',
    'The refusal carries the words for the end',
    [organisation(expiry({ afterDays: 10 }), texts(null, 'Ask 4711!'))],
    'instance-expired',
  ),
  layered(
    'ended-last-second',
    'A second before, the plan carries them',
    [organisation(expiry({ lastDay: '2027-01-15' }), texts(null, 'Ask 4711!'))],
    {
      plan: { messages: [{ from: Date.parse('2027-01-16T00:00:00Z') / 1000, text: 'Ask 4711!' }] },
    },
  ),
  layered('nearest', 'The nearer layer has the word', [organisation(ends, texts('A', null)), group(texts('Z', null))], warned('Z')),
  layered('nearest-none', 'The nearer layer wants none', [organisation(ends, texts('A', null)), group(texts(null, null))], {
    plan: { messages: [] },
  }),
  layered(
    'one-layer',
    'Of one layer, the first in the order of code units',
    [organisation(ends, texts('b', null)), organisation(texts('B', null))],
    warned('B'),
  ),
  layered('one-layer-turned', 'In whatever order they come', [organisation(texts('B', null)), organisation(ends, texts('b', null))], warned('B')),
  layered('one-layer-none', 'Words come before none', [organisation(ends, texts(null, null)), organisation(texts('b', null))], warned('b')),
]
