'use client'
// SPDX-License-Identifier: Apache-2.0
import { Alert, Group, NativeSelect, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { addRule, readText, removeIn, setIn } from './policy-text.ts'
import { RuleEditor } from './rule-editor.tsx'
import type { SettingForm } from './setting-forms.ts'
import type { ValueSchema } from './value-schema.ts'

export interface PolicyFormProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly settings: readonly SettingForm[]
  readonly condition: ValueSchema
}

const heads = [
  { name: 'name', label: 'Name', description: 'Small letters, digits and hyphens' },
  { name: 'version', label: 'Version', description: 'Each version is approved once and never changes' },
  { name: 'minRuntime', label: 'Oldest runtime', description: 'Older ones refuse the policy as a whole' },
] as const

/** The text as a form; a text that cannot be read stays as it is, to be put right as text. */
export function PolicyForm({ text, onText, settings, condition }: PolicyFormProps) {
  const read = readText(text)
  if ('message' in read) {
    return (
      <Alert color="yellow" variant="light" title="The text cannot be shown as a form yet">
        Nothing is lost: put right what stands below in the YAML text, and the form comes back.
      </Alert>
    )
  }
  const { shown } = read
  const unset = settings.filter(({ name }) => !shown.rules.some((rule) => rule.setting === name))
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        {heads.map(({ name, label, description }) => (
          <TextInput
            key={name}
            label={label}
            description={description}
            value={shown[name]}
            onChange={(event) => onText(setIn(text, [name], event.currentTarget.value))}
          />
        ))}
      </SimpleGrid>
      <Group justify="space-between" align="flex-end" gap="sm">
        <div style={{ flex: '1 1 16rem' }}>
          <Title order={2}>Rules</Title>
          <Text size="sm" c="dimmed">
            What no rule sets holds at its default, the strictest that still runs.
          </Text>
        </div>
        <NativeSelect
          label="Add a rule for"
          value=""
          data={[
            { value: '', label: 'Choose a setting…' },
            { group: 'Without a rule', items: unset.map(choice) },
            { group: 'One more rule for', items: settings.filter((setting) => !unset.includes(setting)).map(choice) },
          ]}
          onChange={({ currentTarget: { value } }) => {
            const chosen = settings.find(({ name }) => name === value)
            if (chosen !== undefined) onText(addRule(text, chosen.name, chosen.default))
          }}
        />
      </Group>
      {shown.rules.map((rule, index) => (
        <RuleEditor
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is named by its place in the list
          key={`${index} ${rule.setting}`}
          rule={rule}
          setting={settings.find(({ name }) => name === rule.setting) ?? null}
          onValue={(value) => onText(setIn(text, ['rules', index, 'value'], value))}
          onLocked={(locked) => onText(locked ? setIn(text, ['rules', index, 'locked'], true) : removeIn(text, ['rules', index, 'locked']))}
          condition={condition}
          onWhen={(when) => onText(when === undefined ? removeIn(text, ['rules', index, 'when']) : setIn(text, ['rules', index, 'when'], when))}
          onRemove={() => onText(removeIn(text, ['rules', index]))}
        />
      ))}
      <Defaults settings={unset} />
    </Stack>
  )
}

const choice = ({ name, title, row }: SettingForm) => ({ value: name, label: `${title} (${row})` })

function Defaults({ settings }: { readonly settings: readonly SettingForm[] }) {
  if (settings.length === 0) return null
  return (
    <div className="surface" style={{ padding: '10px 14px' }}>
      <Title order={3} mb={4}>
        At their defaults
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing={2}>
        {settings.map(({ name, title, defaultWords }) => (
          <Text key={name} size="sm" className="long">
            {title}:{' '}
            <Text span c="dimmed">
              {defaultWords}
            </Text>
          </Text>
        ))}
      </SimpleGrid>
    </div>
  )
}
