// SPDX-License-Identifier: Apache-2.0
import { Box, Center, Stack, Text, Title } from '@mantine/core'
import { redirect } from 'next/navigation'
import { currentSession } from '../session.ts'
import { SignInForm } from './sign-in-form.tsx'

export default async function SignInPage() {
  if ((await currentSession()) !== null) redirect('/')
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack w="100%" maw="23rem" gap="lg">
        <div>
          <Title order={1}>Casemate</Title>
          <Text c="dimmed" size="sm">
            Sign in to your organisation’s console.
          </Text>
        </div>
        <Box className="surface" p="lg">
          <SignInForm />
        </Box>
      </Stack>
    </Center>
  )
}
