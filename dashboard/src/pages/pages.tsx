import { Title } from '@mantine/core'
import { Suspense } from 'react'
import { Route, Switch } from 'wouter'
import { Loading } from '../components/states.tsx'
import { PageFailure } from './page-failure.tsx'
import { pages, type Viewer } from './page-list.ts'

/** The page that the address names. */
export function Pages({ viewer }: { viewer: Viewer }) {
  const open = pages.filter((page) => !page.adminOnly || viewer.admin)
  return (
    <Switch>
      {open.map(({ path, title, View }) => (
        <Route key={path} path={path === '/' ? path : `${path}/*?`}>
          <PageFailure key={path}>
            <Suspense fallback={<Loading what={title} />}>
              <View viewer={viewer} />
            </Suspense>
          </PageFailure>
        </Route>
      ))}
      <Route>
        <Title order={1}>There is no such page</Title>
      </Route>
    </Switch>
  )
}
