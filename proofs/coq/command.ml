(* certify-kernel [--workers N] [--halvings N] [--all] FILE, or --version.  It stops at an obligation
   that is not proved, unless all are asked for.  The exit status is 0 (accepted), 5 (not accepted), 2
   (malformed or usage) or 4 (this kernel lacks something that the text needs). *)
open Text
open Judge

let usage () = raise (Malformed "give [--workers N] [--halvings N] [--all] FILE, or --version")

let rec options how = function
  | [ "--version" ] -> print_endline version; exit 0
  | "--workers" :: n :: others -> options { how with workers = number n } others
  | "--halvings" :: n :: others -> options { how with halvings = number n } others
  | "--all" :: others -> options { how with all = true } others
  | [ file ] -> (how, file)
  | _ -> usage ()
and number text = match int_of_string_opt text with Some n when n >= 0 -> n | _ -> usage ()

let contents file =
  match open_in_bin file with
  | channel -> really_input_string channel (in_channel_length channel)
  | exception Sys_error reason -> raise (Malformed reason)

let run () =
  (* models are many and short-lived *)
  Gc.set { (Gc.get ()) with minor_heap_size = 1 lsl 20; space_overhead = 200 };
  match
    let how, file = options default (List.tl (Array.to_list Sys.argv)) in
    judge how print_endline (contents file)
  with
  | accepted -> exit (if accepted then 0 else 5)
  | exception error ->
    match refusal error with
    | None -> raise error
    | Some (what, status) -> prerr_endline ("certify-kernel: " ^ what); exit status
