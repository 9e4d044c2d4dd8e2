-- Makes this repository a plugin of Neovim: vim.pack, lazy.nvim and other plugin managers run what is
-- in plugin/ at a repository's root, and know no other place. The plugin itself is the file that
-- users without a plugin manager copy.
if vim.fn.has('nvim-0.11') == 0 then -- the next line would be an error
  vim.notify('infill-ls needs Neovim 0.11 or later.', vim.log.levels.WARN)
  return
end
local root = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))))
dofile(root .. '/editor-configs/neovim/infill-ls.lua')
