// SPDX-License-Identifier: Apache-2.0
import { Center, Stack, Text, Title } from '@mantine/core'
import { LinkButton } from './parts/link-button.tsx'

export default function NotFound() {
  return (
    <Center mih="70vh" p="md">
      <Stack align="flex-start">
        <Title order={1}>There is no such page</Title>
        <Text>The address is mistyped, or what it named is gone.</Text>
        <LinkButton href="/">To the overview</LinkButton>
      </Stack>
    </Center>
  )
}
