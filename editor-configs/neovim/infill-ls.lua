-- infill-ls for Neovim 0.12 or later: put this file into ~/.config/nvim/plugin/.
vim.lsp.config('infill-ls', {
  cmd = { 'infill-ls', 'serve' },
  root_markers = { '.git' },
  init_options = {},  -- settings, for instance { model = 'qwen2.5-coder:3b' }
})
vim.lsp.enable('infill-ls')
vim.lsp.inline_completion.enable()

-- Neovim inserts a suggestion where it was asked for, even if more has been typed since. What was
-- typed must be the suggestion's own beginning; then it gives way to the suggestion.
local function still_fits(item)
  if not item.range or type(item.insert_text) ~= 'string' then return item end
  local start_row, start_col, end_row, end_col = item.range:to_extmark()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if row < end_row or (row == end_row and col <= end_col) then return item end
  local function text(...)
    return table.concat(vim.api.nvim_buf_get_text(0, ...), '\n')
  end
  local typed = text(end_row, end_col, row, col, {})
  local replaced = text(start_row, start_col, end_row, end_col, {})
  if not vim.startswith(item.insert_text:sub(#replaced + 1), typed) then return nil end
  vim.api.nvim_buf_set_text(0, end_row, end_col, row, col, { '' })
  return item
end

-- <Tab> accepts what is shown, and is a tab otherwise.
vim.keymap.set('i', '<Tab>', function()
  if not vim.lsp.inline_completion.get({ on_accept = still_fits }) then return '<Tab>' end
end, { expr = true, desc = 'Accept the inline completion' })
