import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

export interface Viewer {
  admin: boolean
  account: { id: string; name: string; currency: string } | null
}

export interface Page {
  /** Below /dashboard. */
  path: string
  title: string
  adminOnly: boolean
  /** A chunk of its own, loaded when it is opened first. */
  View: LazyExoticComponent<ComponentType<{ viewer: Viewer }>>
}

const overview = lazy(async () => {
  const { Overview } = await import('./overview/overview.tsx')
  return { default: Overview }
})

const keys = lazy(async () => {
  const { Keys } = await import('./keys/keys.tsx')
  return { default: Keys }
})

const alerts = lazy(async () => {
  const { Alerts } = await import('./alerts/alerts.tsx')
  return { default: Alerts }
})

const explore = lazy(async () => {
  const { Explore } = await import('./explore/explore.tsx')
  return { default: Explore }
})

const analytics = lazy(async () => {
  const { Analytics } = await import('./analytics/analytics.tsx')
  return { default: Analytics }
})

/** Of what is listed and not built yet. */
const unfinished = lazy(async () => {
  const { Unfinished } = await import('./unfinished.tsx')
  return { default: Unfinished }
})

/** In the order of the navigation. A new page is an entry here and a folder beside it. */
export const pages: readonly Page[] = [
  { path: '/', title: 'Overview', adminOnly: false, View: overview },
  { path: '/keys', title: 'Keys', adminOnly: false, View: keys },
  { path: '/alerts', title: 'Alerts', adminOnly: false, View: alerts },
  { path: '/billing', title: 'Billing', adminOnly: false, View: unfinished },
  { path: '/calendar', title: 'Tax calendar', adminOnly: false, View: unfinished },
  { path: '/explore', title: 'Explore', adminOnly: false, View: explore },
  { path: '/analytics', title: 'Analytics', adminOnly: false, View: analytics },
  { path: '/admin', title: 'Admin', adminOnly: true, View: unfinished },
]
