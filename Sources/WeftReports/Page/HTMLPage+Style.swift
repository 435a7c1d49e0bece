extension HTMLPage {
    /// The pages' style: one column of text, light or dark as the reader's system is, and fit for paper.
    static let style: Markup = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2430; --soft: #56616f; --line: #dde2e8;
          --shade: #f4f6f9; --accent: #005a9c; --note: #fff6e0; --note-line: #d99a1c; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #12161c; --ink: #e6eaf0; --soft: #a3adba; --line: #303844; --shade: #1b212a;
            --accent: #6cb6ff; --note: #2c2412; --note-line: #c58b1a; }
        }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
        body { margin: 0 auto; max-width: 70rem; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 4rem;
          background: var(--paper);
          color: var(--ink);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
        h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); line-height: 1.15; margin: 0 0 .4rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.4rem; margin: 0 0 1rem; }
        h3 { font-size: 1.05rem; margin: 1.2rem 0 .4rem; }
        a { color: var(--accent); }
        .kind { margin: 0 0 .3rem; font-size: .8rem; letter-spacing: .08em; text-transform: uppercase;
          color: var(--soft); }
        .subtitle { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
        .question { margin: 0 0 .4rem; font-size: 1.15rem; }
        .notes { margin: 1.2rem 0 0; padding: .7rem 1rem .7rem 2rem; background: var(--note);
          border-left: 4px solid var(--note-line); border-radius: 4px; }
        .headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;
          margin: 1.6rem 0 0; }
        .headline div { padding: .9rem 1.1rem; background: var(--shade); border: 1px solid var(--line);
          border-radius: 10px; }
        .headline dt { font-size: .85rem; color: var(--soft); }
        .headline dd { margin: 0; }
        .headline .value { font-size: 1.75rem; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .headline .detail { font-size: .85rem; color: var(--soft); }
        nav { position: sticky; top: 0; z-index: 1; margin: 1.6rem 0 0; background: var(--paper);
          border-bottom: 1px solid var(--line); overflow-x: auto; }
        nav ul { display: flex; gap: 1.2rem; margin: 0; padding: .7rem 0; list-style: none; white-space: nowrap;
          font-size: .9rem; }
        nav a { text-decoration: none; }
        nav a:hover { text-decoration: underline; }
        section { padding: 2rem 0 0; }
        .curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1.2rem; }
        figure { margin: 0; min-width: 0; }
        figure img { display: block; background: #ffffff; }
        .curves img { width: 100%; height: auto; }
        .curves .scroll, .wide .scroll { margin: 0; border: 1px solid var(--line); border-radius: 10px;
          background: #ffffff; }
        .wide img { width: auto; max-width: none; height: auto; margin: 0 auto; }
        @media (min-width: 48rem) { .wide img { max-width: 100%; } }
        figcaption { margin: .45rem 0 0; font-size: .85rem; line-height: 1.4; color: var(--soft); }
        .scroll { overflow-x: auto; margin: 0 0 1rem; }
        table { border-collapse: collapse; font-size: .92rem; }
        caption { padding: 0 0 .45rem; text-align: left; font-weight: 600; }
        .numeric caption { font-weight: 400; color: var(--soft); }
        th, td { padding: .32rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; }
        .numeric td, .numeric thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums;
          white-space: nowrap; }
        tbody th, tfoot th { font-weight: 500; }
        tfoot tr:first-child th, tfoot tr:first-child td { border-top: 2px solid var(--soft); }
        .best { background: var(--shade); font-weight: 650; }
        .entries { width: 100%; }
        .entries th { width: 34%; color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
        .entries td { overflow-wrap: anywhere; }
        .files { width: auto; }
        .files th { width: auto; white-space: nowrap; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
          gap: .6rem 2.4rem;
          align-items: start; }
        details { margin: 1rem 0 0; }
        summary { cursor: pointer; color: var(--accent); margin: 0 0 .6rem; }
        pre { margin: 0 0 1rem; padding: 1rem; overflow-x: auto; background: var(--shade);
          border: 1px solid var(--line);
          border-radius: 10px; font: .85rem/1.4 "DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace; }
        pre code { white-space: pre-wrap; overflow-wrap: anywhere; }
        @media (max-width: 40rem) {
          th, td { padding: .32rem .45rem; }
          table { font-size: .86rem; }
          pre { font-size: .72rem; padding: .7rem; }
        }
        .pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
          gap: 1.4rem 1.8rem; align-items: start; }
        .pictures img { width: 100%; height: auto; image-rendering: pixelated; border-radius: 6px; }
        .mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.2rem, 1fr)); gap: 1.1rem .9rem;
          margin: 0;
          padding: 0; list-style: none; }
        .mistakes img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated;
          background: var(--shade);
          border-radius: 6px; }
        .mistakes figcaption { color: var(--ink); overflow-wrap: anywhere; }
        .mistakes span { display: block; color: var(--soft); }
        .sortable button { all: unset; cursor: pointer; }
        .sortable button:focus-visible { outline: 2px solid var(--accent); }
        .sortable th[aria-sort=descending] button::after { content: " ▼"; }
        .sortable th[aria-sort=ascending] button::after { content: " ▲"; }
        .images { grid-template-columns: repeat(3, 6rem); }
        @page { size: A4; margin: 16mm 14mm; @bottom-center { content: counter(page) " / " counter(pages);
          font: 8pt "DejaVu Sans", sans-serif; } }
        @media print {
          :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc;
          --shade: #f6f6f6;
            --accent: #000000; --note: #ffffff; }
          body { max-width: none; padding: 0; font-size: 10pt; }
          nav { display: none; }
          figure, tr, .headline div, .mistakes li { break-inside: avoid; }
          h2, h3, caption { break-after: avoid; }
          .scroll, pre { overflow: visible; }
          pre { white-space: pre-wrap; }
          .wide img { max-width: 72%; }
          .curves { display: block; }
          .curves figure { display: inline-block; width: 49%; vertical-align: top; margin-bottom: .6rem; }
          .sortable { font-size: 7.5pt; }
          .sortable button::after { content: none; }
          .numeric td, .numeric thead th:not(:first-child) { white-space: normal; }
          .sortable th, .sortable td { padding: .2rem .35rem; }
          details { display: block; }
          figcaption { font-size: 7.5pt; }
          summary { font-weight: 650; list-style: none; }
          .mistakes { display: block; }
          .mistakes li { display: inline-block; width: 15%; margin: 0 1.2% .8rem 0; vertical-align: top; }
        }
        """
}
