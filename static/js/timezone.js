// The server writes every time in the reader's own zone, so that pages without scripts and pages with
// them show the same words. Only the browser knows the zone; this cookie tells it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
const secure = location.protocol === "https:" ? "; secure" : ""

if (zone) document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax${secure}`
