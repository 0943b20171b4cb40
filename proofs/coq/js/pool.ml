(* One process: [answers _ count f] is for each of 0 .. count - 1 whether [f] of it is known to be true.
   Nothing is asked after one that is not. *)
let answers (_ : int) count f =
  let known = Array.make count false in
  let rec from i = if i < count && f i then (known.(i) <- true; from (i + 1)) in
  from 0;
  known
