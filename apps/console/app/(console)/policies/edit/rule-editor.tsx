'use client'
// SPDX-License-Identifier: Apache-2.0
import { Badge, Button, Checkbox, Code, Group, Stack, Text, Title } from '@mantine/core'
import type { ShownRule } from './policy-text.ts'
import type { SettingForm } from './setting-forms.ts'
import { MembersEditor, ValueEditor } from './value-editor.tsx'
import type { ValueSchema } from './value-schema.ts'

export interface RuleEditorProps {
  readonly rule: ShownRule
  /** Null: not in the catalogue of this console. */
  readonly setting: SettingForm | null
  readonly condition: ValueSchema
  readonly onValue: (value: unknown) => void
  readonly onLocked: (locked: boolean) => void
  /** Undefined: the rule holds always. */
  readonly onWhen: (when: unknown) => void
  readonly onRemove: () => void
}

/** One rule: what it sets, to what, and whether nearer layers may loosen it. */
export function RuleEditor({ rule, setting, condition, onValue, onLocked, onWhen, onRemove }: RuleEditorProps) {
  const title = setting?.title ?? (rule.setting === '' ? 'A rule without a setting' : rule.setting)
  return (
    <section className="surface" aria-label={`Rule for ${title}`} style={{ padding: '12px 14px' }}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
          <div style={{ minWidth: 0 }}>
            <Group gap="xs">
              <Title order={3}>{title}</Title>
              {setting === null ? null : (
                <Badge variant="default" size="sm" tt="none">
                  {setting.row}
                </Badge>
              )}
            </Group>
            <Text size="sm" c="dimmed">
              {setting === null ? 'This console does not know the setting. It stays in the text as it is.' : setting.description}
            </Text>
          </div>
          <Button variant="subtle" color="gray" size="xs" onClick={onRemove} aria-label={`Remove the rule for ${title}`} style={{ flexShrink: 0 }}>
            Remove
          </Button>
        </Group>
        {setting === null ? (
          <Code block>{JSON.stringify(rule.value)}</Code>
        ) : (
          <ValueEditor
            schema={setting.schema}
            value={rule.value}
            label={setting.unit === null || setting.unit.length > 24 ? 'Value' : `Value, ${setting.unit}`}
            onChange={onValue}
            start={setting.default}
          />
        )}
        {setting === null ? null : (
          <Stack gap="xs" role="group" aria-label={`Conditions of the rule for ${title}`}>
            <Text size="sm" fw={500}>
              {isEmpty(rule.when) ? 'Holds always' : 'Holds only when all of this does'}
            </Text>
            <MembersEditor schema={condition} value={rule.when} label="Conditions" onChange={(when) => onWhen(isEmpty(when) ? undefined : when)} />
          </Stack>
        )}
        <Group justify="space-between" gap="sm">
          <Checkbox
            label="Locked: nearer layers cannot loosen it"
            size="sm"
            checked={rule.locked}
            onChange={(event) => onLocked(event.currentTarget.checked)}
          />
          {setting === null ? null : (
            <Text size="xs" c="dimmed" className="long">
              Default: {setting.defaultWords}
              {setting.unit === null ? '' : ` (${setting.unit})`}
            </Text>
          )}
        </Group>
      </Stack>
    </section>
  )
}

const isEmpty = (when: unknown): boolean => when === undefined || when === null || (typeof when === 'object' && Object.keys(when).length === 0)
