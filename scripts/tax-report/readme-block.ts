const BEGIN = '<!-- npm run tax:report -- --write-readme -->'
const END = '<!-- end of the report -->'

/** The README with this summary between its two marks. @throws Error where the marks are missing */
export function withSummary(readme: string, summary: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin === -1 || end < begin) throw new Error(`README.md lacks ${BEGIN} … ${END}`)
  return `${readme.slice(0, begin + BEGIN.length)}\n${summary}\n${readme.slice(end)}`
}
