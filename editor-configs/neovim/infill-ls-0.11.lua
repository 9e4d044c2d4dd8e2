-- infill-ls for Neovim 0.11: put this file into ~/.config/nvim/plugin/. Neovim 0.12 has ghost text;
-- there, take infill-ls.lua. Here a fill is a menu with one entry, and what it would insert beside
-- it: CTRL-N selects it, CTRL-Y accepts it, whatever else is typed goes on.
local name = 'infill-ls'
local pause = 200 -- ms without a key before the server is asked

vim.lsp.config(name, {
  cmd = { 'infill-ls', 'serve' },
  root_markers = { '.git' },
  -- Settings, for instance: init_options = { model = 'qwen2.5-coder:3b' },
})
vim.lsp.enable(name)

local function show(client, item)
  local edit = item.textEdit
  local lines = vim.split((edit.newText:gsub('\r\n?', '\n')), '\n', { plain = true })
  local start = edit.range.start.character
  local column = vim.str_byteindex(vim.api.nvim_get_current_line(), client.offset_encoding, start)
  vim.fn.complete(column + 1, {
    {
      -- A menu can insert one line alone; the others follow when it is accepted.
      word = lines[1],
      abbr = item.label,
      menu = item.detail,
      info = table.concat(lines, '\n'),
      user_data = { infill_ls = { client = client.id, item = item, more = { unpack(lines, 2) } } },
    },
  })
end

-- Ask, and show what is answered if nothing has changed meanwhile.
local function ask(client, buffer)
  if vim.fn.mode() ~= 'i' or vim.fn.pumvisible() == 1 then return end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local place = vim.api.nvim_win_get_cursor(0)
  local tick = vim.b[buffer].changedtick
  client:request('textDocument/completion', params, function(err, result)
    local item = not err and result and (result.items or result)[1]
    if
      item
      and vim.api.nvim_get_current_buf() == buffer
      and vim.fn.mode() == 'i'
      and vim.fn.pumvisible() == 0
      and vim.b[buffer].changedtick == tick
      and vim.deep_equal(vim.api.nvim_win_get_cursor(0), place)
    then
      show(client, item)
    end
  end, buffer)
end

local function accepted()
  local ours = vim.tbl_get(vim.v.completed_item, 'user_data', 'infill_ls')
  if not ours or vim.v.event.reason ~= 'accept' then return end
  if #ours.more > 0 then
    local row, column = unpack(vim.api.nvim_win_get_cursor(0))
    vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, { '', unpack(ours.more) })
    vim.api.nvim_win_set_cursor(0, { row + #ours.more, #ours.more[#ours.more] })
  end
  local client = vim.lsp.get_client_by_id(ours.client)
  if client and ours.item.command then client:exec_cmd(ours.item.command, { bufnr = 0 }) end
end

local group = vim.api.nvim_create_augroup(name, {})
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= name then return end
    -- Without these Neovim would insert a lone entry at once. In this buffer alone.
    vim.bo[event.buf].completeopt = 'menuone,noselect,popup'
    vim.api.nvim_clear_autocmds({ group = group, buffer = event.buf })
    local timer = assert(vim.uv.new_timer())
    vim.api.nvim_create_autocmd({ 'InsertEnter', 'TextChangedI' }, {
      group = group,
      buffer = event.buf,
      callback = function()
        timer:start(pause, 0, vim.schedule_wrap(function() ask(client, event.buf) end))
      end,
    })
    vim.api.nvim_create_autocmd('InsertLeave', {
      group = group,
      buffer = event.buf,
      callback = function() timer:stop() end,
    })
    vim.api.nvim_create_autocmd('CompleteDone', {
      group = group,
      buffer = event.buf,
      callback = accepted,
    })
  end,
})
