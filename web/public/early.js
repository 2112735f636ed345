// Runs before anything is painted and without the lesson's own script: the reader's colours, and what is said if that
// script never comes. A plain script, as an old browser or a page opened as a file still runs one.
;(function () {
  var root = document.documentElement
  var kept = null
  try {
    kept = JSON.parse(localStorage.getItem('sfumato.settings'))
  } catch (unreadable) {}
  var theme = (kept && kept.theme) || 'system'
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.setAttribute('data-theme', dark ? 'dark' : 'light')
  var page = /[?&]c=([\w-]*)/.exec(location.search)
  if (page && page[1] !== 'idea') root.setAttribute('data-elsewhere', '')
  if (location.protocol === 'file:') root.setAttribute('data-failed', 'file')
  addEventListener(
    'error',
    function (event) {
      var ours = event.target === window || event.target.tagName === 'SCRIPT'
      if (ours && !root.hasAttribute('data-begun') && !root.hasAttribute('data-failed')) root.setAttribute('data-failed', 'script')
    },
    true,
  )
})()
