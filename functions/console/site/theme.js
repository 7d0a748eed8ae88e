// Before anything is painted: the theme that was chosen here, if one was. The rest follows the system.
(() => {
  try {
    const theme = localStorage.getItem("ownkey.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is blocked: the system's theme it is.
  }
})();
