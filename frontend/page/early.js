/* early - sets language and theme before the first paint, so that nothing flashes. A plain script: modules run later. */
(() => {
    const kept = (name) => {
        try {
            return localStorage.getItem(name);
        } catch {
            return null; /* storage is forbidden */
        }
    };
    const wanted = kept('mall.language') ?? navigator.languages.find((language) => /^(ko|en)\b/i.test(language)) ?? 'en';
    document.documentElement.lang = wanted.slice(0, 2).toLowerCase() === 'ko' ? 'ko' : 'en';
    if (['light', 'dark'].includes(kept('mall.theme')))
        document.documentElement.dataset.theme = kept('mall.theme');
})();
